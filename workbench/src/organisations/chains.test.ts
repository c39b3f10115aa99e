import { describe, expect, it } from "vitest";
import { behind, listed } from "./chains";
import { distance, named, nearest } from "./names";
import type { Organisation } from "./types";

const organisation = (name: string, interests: [string, number][] = [], more: Partial<Organisation> = {}): Organisation => ({
  id: name,
  name,
  aliases: [],
  interests: interests.map(([holder, share]) => ({ organisation: holder, share })),
  ...more,
});

describe("who stands behind a provider", () => {
  const known = [
    organisation("Holding B", [["Holding A", 0.5]]),
    organisation("Holding A", [["Rival", 0.49]], { aliases: ["HA Ltd"] }),
    organisation("Rival", [], { conflict: true }),
  ];

  it("multiplies shares along a chain and names who is between, the nearest to the holder first", () => {
    const [direct, ...above] = behind([{ organisation: "holding b ", share: 1 }], known);
    expect(direct).toMatchObject({ organisation: "Holding B", share: 1, chains: [] });
    expect(above).toMatchObject([
      { organisation: "Holding A", share: 0.5, direct: null, chains: [{ through: ["Holding B"], share: 0.5 }] },
      { organisation: "Rival", share: 0.245, conflict: true, chains: [{ through: ["Holding A", "Holding B"], share: 0.245 }] },
    ]);
  });

  it("adds up several chains, with a direct stake beside them, to the whole at most", () => {
    const all = behind([{ organisation: "Holding B", share: 0.8 }, { organisation: "HA Ltd", share: 0.9 }], known);
    expect(all.find((one) => one.organisation === "Holding A")).toMatchObject({ share: 1, direct: { share: 0.9 } });
  });

  it("does not follow a chain that meets itself", () => {
    const circle = [organisation("One", [["Other", 0.5]]), organisation("Other", [["One", 0.5]])];
    expect(behind([{ organisation: "One", share: 1 }], circle).map((one) => one.organisation)).toEqual(["One", "Other"]);
  });

  it("takes what was found to be the same for the other", () => {
    const merged = [...known, organisation("Rivall", [], { same_as: "Rival" })];
    expect(behind([{ organisation: "Rivall", share: 0.1 }], merged)).toMatchObject([{ organisation: "Rival", conflict: true }]);
  });

  it("counts what is recorded of either of two that are the same", () => {
    const merged = [...known, organisation("Holding Aa", [["Quarry", 0.2]], { same_as: "Holding A" })];
    const all = behind([{ organisation: "Holding A", share: 1 }], merged);
    expect(all.map((one) => one.organisation)).toEqual(["Holding A", "Rival", "Quarry"]);
  });

  it("takes the whole share that the server has found", () => {
    const told = [organisation("Holding B", [], { reaches: [{ provider: "vendor", share: 0.75 }] })];
    expect(behind([{ organisation: "Holding B", share: 0.5 }], told, "vendor")).toMatchObject([{ share: 0.75, direct: { share: 0.5 } }]);
  });

  it("shows an organisation that is not in the list all the same", () => {
    expect(behind([{ organisation: "Nobody Knows", share: 0.1 }], known)).toMatchObject([{ organisation: "Nobody Knows", share: 0.1 }]);
  });
});

describe("which organisation is meant", () => {
  const known = [organisation("Meridian Holdings", [], { aliases: ["Meridian"] }), organisation("Quarry United")];

  it("finds it by name or alias, whatever the case", () => {
    expect(named(" MERIDIAN", known)?.name).toBe("Meridian Holdings");
    expect(named("Meridan", known)).toBeUndefined();
  });

  it("suggests the name that a misspelt one is near to, and none for a name that is right or far", () => {
    expect(nearest("Quary United", known)).toBe("Quarry United");
    expect(nearest("Meridian Holding", known)).toBe("Meridian Holdings");
    expect(nearest("quarry united", known)).toBeUndefined();
    expect(nearest("Some Fund", known)).toBeUndefined();
  });

  it("counts the letters that must change", () => {
    expect([distance("", "abc"), distance("kitten", "sitting"), distance("same", "same")]).toEqual([3, 3, 0]);
  });
});

it("lists names as one says them", () => {
  expect([listed([]), listed(["A"]), listed(["A", "B"]), listed(["A", "B", "C"])]).toEqual(["", "A", "A and B", "A, B and C"]);
});

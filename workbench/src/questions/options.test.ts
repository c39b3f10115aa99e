import { describe, expect, it } from "vitest";
import type { Question } from "../api/types";
import { grades, leaves, optionByKey, optionKeys, optionRows } from "./options";

const tree: Question = {
  name: "mood",
  kind: "choice",
  options: [{ value: "good", title: "Good", options: ["glad", { value: "calm", title: "At ease" }] }, "neutral"],
};

describe("options", () => {
  it("answer with leaves only, indented below their headings", () => {
    expect(leaves(tree).map((row) => row.value)).toEqual(["glad", "calm", "neutral"]);
    expect(optionRows(tree).map((row) => [row.title, row.depth, row.leaf])).toEqual([
      ["Good", 0, false], ["glad", 1, true], ["At ease", 1, true], ["neutral", 0, true],
    ]);
  });

  it("are pressed by their place among the leaves, the tenth by 0 and no later one", () => {
    expect(optionByKey(tree, "2")).toBe("calm");
    const many: Question = { name: "q", kind: "choice", options: Array.from({ length: 12 }, (_, place) => `option ${place + 1}`) };
    expect(optionByKey(many, "0")).toBe("option 10");
    expect(optionKeys(many).has("option 11")).toBe(false);
  });

  it("that are digits are pressed by their own key", () => {
    const digits: Question = { name: "digit", kind: "choice", options: ["0", "1", "2", "7"] };
    expect(optionByKey(digits, "0")).toBe("0");
    expect(optionByKey(digits, "7")).toBe("7");
    expect(optionByKey(digits, "4")).toBeUndefined();
  });
});

describe("grades", () => {
  it("run from 1 to 5 unless said, also below zero and by steps", () => {
    expect(grades({ name: "q", kind: "rating" })).toEqual([1, 2, 3, 4, 5]);
    expect(grades({ name: "q", kind: "rating", min: -4, max: 4, step: 4 })).toEqual([-4, 0, 4]);
  });
});

import { describe, expect, it } from "vitest";
import { shownScale } from "./ImageBlock";

const stage = { width: 900, height: 600 };

describe("an image on its stage", () => {
  it("fits both sides", () => {
    expect(shownScale({ width: 1800, height: 600 }, stage, false)).toBe(0.5);
    expect(shownScale({ width: 400, height: 1200 }, stage, false)).toBe(0.5);
  });

  it("grows by whole factors when it is tiny, up to a readable size", () => {
    expect(shownScale({ width: 8, height: 8 }, stage, false)).toBe(48);
    expect(shownScale({ width: 64, height: 64 }, stage, false)).toBe(6);
  });

  it("is at least at its own size when zoomed", () => {
    expect(shownScale({ width: 9000, height: 6000 }, stage, true)).toBe(1);
    expect(shownScale({ width: 900, height: 600 }, stage, true)).toBe(2);
  });
});

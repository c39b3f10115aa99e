import { describe, expect, it } from "vitest";
import type { Question } from "../api/types";
import { checkAnswers, kindOf } from "./registry";

describe("checking answers before they are sent", () => {
  const topics: Question = { name: "topics", kind: "choices", options: ["a", "b", "c"], max: 1 };
  const size: Question = { name: "size", kind: "number", min: 0, required: false };

  it("asks for what is required and lets what is optional be empty", () => {
    expect(checkAnswers([topics, size], {})).toEqual({ topics: "This question needs an answer." });
  });

  it("takes none of several as an answer", () => {
    expect(checkAnswers([topics], { topics: [] })).toEqual({});
  });

  it("says which limit is broken", () => {
    expect(checkAnswers([topics, size], { topics: ["a", "b"], size: -1 })).toEqual({
      topics: "Choose at most 1.",
      size: "The least is 0.",
    });
  });
});

describe("digits", () => {
  it("name the grade itself, or its place where the scale goes below zero", () => {
    const rating = kindOf({ name: "q", kind: "rating" });
    expect(rating?.byDigit?.({ name: "q", kind: "rating" }, undefined, "4")).toBe(4);
    expect(rating?.byDigit?.({ name: "q", kind: "rating" }, undefined, "9")).toBeUndefined();
    expect(rating?.byDigit?.({ name: "q", kind: "rating", min: -2, max: 2 }, undefined, "1")).toBe(-2);
  });

  it("tick and untick, kept in the order of the form", () => {
    const question: Question = { name: "q", kind: "choices", options: ["a", "b", "c"] };
    const press = kindOf(question)?.byDigit;
    expect(press?.(question, ["c"], "1")).toEqual(["a", "c"]);
    expect(press?.(question, ["a", "c"], "3")).toEqual(["a"]);
  });
});

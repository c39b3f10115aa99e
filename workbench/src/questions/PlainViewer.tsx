/** An answer whose own writing is clear enough: grades, numbers and text. */

import type { ViewerProps } from "./registry";

export function PlainViewer({ question, value }: ViewerProps) {
  const words = typeof value === "string" || typeof value === "number" ? String(value) : JSON.stringify(value);
  return (
    <span className="kept-text">
      {words}
      {typeof value === "number" && question.unit !== undefined ? ` ${question.unit}` : ""}
    </span>
  );
}

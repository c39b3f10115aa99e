/** Are the pictures of the next tasks here already? They are fetched and decoded while the current one is answered. */

import type { Assignment } from "../api/types";

const decoded = new Map<string, HTMLImageElement[]>();

export function prefetchImages(assignment: Assignment): void {
  if (decoded.has(assignment.id)) return;
  const images = assignment.task.content.blocks.flatMap((block) => {
    if (block.type !== "image" || block.url === undefined) return [];
    const image = new Image();
    image.src = block.url;
    // A picture that cannot be decoded is reported where it is shown.
    image.decode().catch(() => undefined);
    return [image];
  });
  decoded.set(assignment.id, images);
}

export function forgetImages(assignment: string): void {
  decoded.delete(assignment);
}

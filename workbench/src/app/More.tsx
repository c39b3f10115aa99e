/** Is that all? How many rows are shown, and a button for the next page. */

import { count } from "./format";

interface MoreProps {
  shown: number;
  pages: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown };
}

export function More({ shown, pages }: MoreProps) {
  return (
    <p className="row">
      {pages.hasNextPage && (
        <button type="button" disabled={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
          Load more
        </button>
      )}
      <span className="meta">
        {count(shown)} shown{pages.hasNextPage ? "" : ", that is all"}
      </span>
    </p>
  );
}

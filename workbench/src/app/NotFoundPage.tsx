/** What when nothing has this address, or this role may not see it? */

import { Link } from "wouter";
import { PageHead } from "./Page";

export function NotFoundPage() {
  return (
    <>
      <PageHead title="Nothing here" />
      <p>
        There is no page at this address, or your role does not see it. <Link href="/">Go to My work</Link>
      </p>
    </>
  );
}

/** Who has seen this, of all providers? */

import { Link } from "wouter";
import { PageHead } from "../app/Page";
import { WhoHasSeen } from "./WhoHasSeen";

export function SearchPage() {
  return (
    <>
      <PageHead title="Exposure" above={<Link href="/providers">Providers</Link>} />
      <p className="measure">
        A text that leaked, a file that turned up elsewhere, a hash that somebody sends: it is compared with everything that was ever shown to
        any provider, and not kept.
      </p>
      <WhoHasSeen />
    </>
  );
}

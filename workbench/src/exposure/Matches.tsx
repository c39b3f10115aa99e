/** What was found, and who was shown it? Each content with the people who saw it; one that nobody saw says so. */

import { Link } from "wouter";
import { useProjectNames, useProviders } from "../api/queries";
import { count, plural, when } from "../app/format";
import { Status } from "../app/Page";
import { Table } from "../app/Table";
import type { Found } from "./types";

export function Matches({ found, mark }: { found: Found; mark?: string }) {
  const projectName = useProjectNames();
  const providers = useProviders();
  const names = new Map(providers.data?.items.map(({ slug, name }) => [slug, name]));
  const searched = found.searched == null ? "" : ` among ${plural(found.searched, "content")}`;
  const erased = (found.erased ?? 0) > 0 ? ` ${plural(found.erased ?? 0, "content")} cannot be searched: erased.` : "";
  if (found.items.length === 0) return <p className="notice">Nobody was shown it: nothing alike was found{searched}.{erased}</p>;
  const showings = found.items.flatMap((match) => match.shown.map((shown) => ({ match, shown })));
  const seers = new Set(showings.map(({ shown }) => shown.provider));
  const unseen = found.items.filter((match) => match.shown.length === 0);
  return (
    <>
      <p>
        <strong>
          {plural(found.items.length, "content")} {found.next == null ? "" : "so far "}
        </strong>
        {searched}, shown to {plural(seers.size, "provider")}.
        {unseen.length > 0 && ` ${count(unseen.length)} of them ${unseen.length === 1 ? "was" : "were"} shown to nobody.`}
        {erased}
      </p>
      {showings.length > 0 && (
        <Table
          caption="Who was shown it"
          rows={showings}
          keyOf={({ match, shown }) => `${match.content}/${match.task}/${shown.annotator}`}
          rowClass={({ shown }) => (shown.provider === mark ? "marked" : undefined)}
          columns={[
            { title: "Provider", as: "head", cell: ({ shown }) => <Link href={`/providers/${shown.provider}`}>{names.get(shown.provider) ?? shown.provider}</Link> },
            { title: "Annotator", cell: ({ shown }) => shown.name ?? shown.annotator },
            { title: "Task", cell: ({ match }) => <code>{match.external_id ?? match.task}</code> },
            { title: "Project", cell: ({ match }) => projectName(match.project) },
            { title: "Given by", cell: ({ match }) => (match.given_by === undefined ? "" : (names.get(match.given_by) ?? match.given_by)) },
            { title: "Match", cell: ({ match }) => <Status value={match.matched === "exact" ? "exact" : "contains it"} /> },
            { title: "First", as: "nowrap", cell: ({ shown }) => when(shown.first) },
            { title: "Last", as: "nowrap", cell: ({ shown }) => when(shown.last) },
            { title: "Times", as: "number", cell: ({ shown }) => count(shown.times) },
          ]}
        />
      )}
    </>
  );
}

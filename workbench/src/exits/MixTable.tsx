/** Who could do its work instead, for how much and by when? Mixes side by side on common scales; one is chosen. */

import { useProviders } from "../api/queries";
import { day, percent, plural } from "../app/format";
import { Table } from "../app/Table";
import { Stranded } from "./Stranded";
import { commonEnd, figuresOf, Range, Span } from "../charts/Range";
import type { Mix } from "./types";

interface MixTableProps {
  mixes: Mix[];
  answers: number;
  currency: string;
  chosen: Mix | null;
  choose?: (mix: Mix) => void;
}

export function MixTable({ mixes, answers, currency, chosen, choose }: MixTableProps) {
  const providers = useProviders();
  const names = new Map(providers.data?.items.map(({ slug, name }) => [slug, name]));
  const costs = commonEnd(mixes.map((mix) => figuresOf(mix.cost)));
  const days = commonEnd(mixes.map((mix) => figuresOf(mix.days)));
  return (
    <>
      <p>{plural(answers, "answer")} to be given anew, at today’s prices and speeds.</p>
      <Table
        caption="Who could take over"
        rows={mixes}
        keyOf={(mix) => mix.name}
        rowClass={(mix) => (mix.name === chosen?.name ? "marked" : undefined)}
        columns={[
          {
            title: "Mix",
            as: "head",
            cell: (mix) =>
              choose === undefined ? (
                mix.title
              ) : (
                <label className="check">
                  <input type="radio" name="mix" checked={mix.name === chosen?.name} onChange={() => choose(mix)} />
                  {mix.title}
                </label>
              ),
          },
          { title: "Providers", cell: (mix) => mix.providers.map((part) => `${names.get(part.provider) ?? part.provider} ${percent(part.share, 0)}`).join(", ") },
          { title: "Cost", cell: (mix) => <Range figures={figuresOf(mix.cost)} unit={currency} end={costs} because={mix.because} /> },
          { title: "Time", cell: (mix) => <Span days={figuresOf(mix.days)} end={days} because={mix.because} /> },
          { title: "Done by", as: "nowrap", cell: (mix) => day(mix.date) },
          { title: "Stranded", as: "number", cell: (mix) => <Stranded count={mix.stranded} /> },
        ]}
      />
    </>
  );
}

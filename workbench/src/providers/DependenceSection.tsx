/** What depends on this provider, and what would it cost to do it again elsewhere? */

import { useDependence, useProvider } from "../api/queries";
import { count, money, percent } from "../app/format";
import { Load } from "../app/Load";
import { Figure, Section } from "../app/Page";

export function DependenceSection({ slug }: { slug: string }) {
  const dependence = useDependence(slug);
  const provider = useProvider(slug);
  return (
    <Section title="What depends on it">
      <Load query={dependence}>
        {(data) => (
          <>
            <dl className="figures">
              <Figure name="Share of all judgments" value={percent(data.share)} />
              <Figure name="Cost to replace" value={money(data.replacement_cost, provider.data?.currency)} />
              <Figure name="Organisations behind it" value={data.organisations.length === 0 ? "none recorded" : data.organisations.join(", ")} />
            </dl>
            {data.projects.length > 0 && (
              <div className="table-scroll">
                <table>
                  <caption className="visually-hidden">Dependence by project</caption>
                  <thead>
                    <tr>
                      <th scope="col">Project</th>
                      <th scope="col" className="number">Judgments</th>
                      <th scope="col" className="number">Share</th>
                      <th scope="col" className="number">Tasks answered</th>
                      <th scope="col" className="number">By it alone</th>
                      <th scope="col" className="number">Consensus rests on it</th>
                      <th scope="col">In releases</th>
                    </tr>
                  </thead>
                  <tbody>
                    {data.projects.map((row) => (
                      <tr key={row.project}>
                        <th scope="row">{row.name}</th>
                        <td className="number">{count(row.judgments)}</td>
                        <td className="number">{percent(row.share)}</td>
                        <td className="number">{count(row.tasks_answered)}</td>
                        <td className="number">{count(row.only_provider_tasks)}</td>
                        <td className="number">{count(row.consensus_tasks)}</td>
                        <td>{row.releases.length === 0 ? <span className="meta">none</span> : row.releases.join(", ")}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
          </>
        )}
      </Load>
    </Section>
  );
}

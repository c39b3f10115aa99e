/** Who answers, how well, and what does a correct answer cost? One line a provider, intervals on a common scale. */

import { useState } from "react";
import { Link } from "wouter";
import { useProviders } from "../api/queries";
import { count, money, percent } from "../app/format";
import { Load } from "../app/Load";
import { PageHead, Status } from "../app/Page";
import { Scroll } from "../app/Table";
import { ofTheLab, useSignedIn } from "../app/session";
import { Interval, commonFloor } from "../charts/Interval";
import { AddProviderDialog } from "./AddProviderDialog";

export function ProvidersPage() {
  const who = useSignedIn();
  const providers = useProviders();
  const [adding, setAdding] = useState(false);
  return (
    <>
      <PageHead title="Providers">
        {ofTheLab(who) && (
          <Link href="/exposure" className="button">
            Who has seen this?
          </Link>
        )}
        {who.role === "owner" && (
          <button type="button" onClick={() => setAdding(true)}>
            Add provider
          </button>
        )}
      </PageHead>
      <Load query={providers}>
        {({ items }) => {
          const floor = commonFloor(items.map((provider) => provider.accuracy));
          return items.length === 0 ? (
            <p>No providers yet.</p>
          ) : (
            <Scroll label="Providers">
              <table>
                <caption className="visually-hidden">Providers</caption>
                <thead>
                  <tr>
                    <th scope="col">Provider</th>
                    <th scope="col">Kind</th>
                    <th scope="col">Status</th>
                    <th scope="col" className="number">Price a judgment</th>
                    <th scope="col">
                      Accuracy <span className="meta">{percent(floor, 0)} to 100 %</span>
                    </th>
                    <th scope="col" className="number">Cost per correct answer</th>
                    <th scope="col" className="number">Judgments</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((provider) => (
                    <tr key={provider.slug}>
                      <th scope="row">
                        <Link href={`/providers/${provider.slug}`}>{provider.name}</Link>
                        {provider.stopped.length > 0 && <span className="meta block">stopped in {count(provider.stopped.length)} of the projects</span>}
                      </th>
                      <td>{provider.kind}</td>
                      <td>
                        <Status value={provider.status} />
                      </td>
                      <td className="number">{money(provider.price, provider.currency)}</td>
                      <td>
                        <Interval estimate={provider.accuracy} floor={floor} by={provider.accuracy?.from} />
                      </td>
                      <td className="number">{money(provider.cost_per_correct, provider.currency)}</td>
                      <td className="number">{count(provider.judgments)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Scroll>
          );
        }}
      </Load>
      {adding && <AddProviderDialog close={() => setAdding(false)} />}
    </>
  );
}

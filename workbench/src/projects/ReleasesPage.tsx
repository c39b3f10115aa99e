/** What has left this project? Its releases, newest first, with whose data each was built without. */

import { useProject, useReleases } from "../api/queries";
import { count, when } from "../app/format";
import { Load } from "../app/Load";
import { PageHead } from "../app/Page";
import { Scroll } from "../app/Table";

export function ReleasesPage({ slug }: { slug: string }) {
  const project = useProject(slug);
  const releases = useReleases(slug);
  return (
    <>
      <PageHead title="Releases" above={project.data?.name ?? slug} />
      <Load query={releases}>
        {({ items }) =>
          items.length === 0 ? (
            <p>
              Nothing has been released yet. <code>steelyard release build {slug}</code> builds the first one.
            </p>
          ) : (
            <Scroll label="Releases">
              <table>
                <caption className="visually-hidden">Releases</caption>
                <thead>
                  <tr>
                    <th scope="col">Version</th>
                    <th scope="col">Built</th>
                    <th scope="col" className="number">Rows</th>
                    <th scope="col">Without</th>
                    <th scope="col">Digest of the manifest</th>
                    <th scope="col">Folder</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((release) => (
                    <tr key={release.version}>
                      <th scope="row">{release.version}</th>
                      <td className="nowrap">{when(release.built_at)}</td>
                      <td className="number">{count(release.rows)}</td>
                      <td>{release.without.length === 0 ? <span className="meta">nobody left out</span> : release.without.join(", ")}</td>
                      <td>
                        <code title={release.digest}>{release.digest.slice(0, 16)}…</code>
                      </td>
                      <td>
                        <code>{release.path}</code>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Scroll>
          )
        }
      </Load>
    </>
  );
}

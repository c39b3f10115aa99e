/** Has it been left, going by what is there? Each check, what remains and where, the backups, and a look at this moment. */

import { useMutation } from "@tanstack/react-query";
import { messageOf } from "../api/client";
import { useProjectNames } from "../api/queries";
import type { Json } from "../api/types";
import { count, when } from "../app/format";
import { Load } from "../app/Load";
import { Section, Status } from "../app/Page";
import { Table } from "../app/Table";
import { Checks } from "./Checks";
import { certificatePage, freshCertificate, useCertificate } from "./queries";
import type { Certificate, Exit } from "./types";
import { words } from "./words";

export function CertificateSection({ exit }: { exit: Exit }) {
  const kept = useCertificate(exit.id, true);
  const fresh = useMutation({ mutationFn: () => freshCertificate(exit.id) });
  return (
    <Section
      title="Certificate"
      aside={
        <>
          <button type="button" disabled={fresh.isPending} onClick={() => fresh.mutate()}>
            Check again now
          </button>
          <a className="button" href={certificatePage(exit.id)} target="_blank" rel="noreferrer">
            Print view
          </a>
        </>
      }
    >
      {fresh.isError && (
        <p className="problem" role="alert">
          {messageOf(fresh.error)}
        </p>
      )}
      <Load query={kept}>{(data) => <CertificateView certificate={fresh.data ?? data} fresh={fresh.data !== undefined} />}</Load>
    </Section>
  );
}

function CertificateView({ certificate, fresh }: { certificate: Certificate; fresh: boolean }) {
  const { checks, remains, backups, releases } = certificate;
  const projectName = useProjectNames();
  const failing = checks.filter((check) => !check.holds).length;
  return (
    <>
      <p className={`notice ${certificate.holds ? "good" : "bad"}`} role="status">
        <strong>{certificate.holds ? "It holds." : `It does not hold: ${count(failing)} of ${count(checks.length)} checks.`}</strong>{" "}
        {fresh ? "Looked at anew" : "Worked out from database, files and releases"} {when(certificate.at)}.
      </p>
      <Checks checks={checks} />
      <h3>What remains, and where</h3>
      {remains.length === 0 ? (
        <p className="meta">Nothing.</p>
      ) : (
        <Table
          caption="What remains, and where"
          rows={remains}
          keyOf={(row) => `${row.what}/${row.where}`}
          columns={[
            { title: "What", as: "head", cell: (row) => row.what },
            { title: "Where", cell: (row) => <span className="path">{row.where}</span> },
            { title: "How much", as: "number", cell: (row) => count(row.count) },
            { title: "Why", cell: (row) => <span className="because">{row.why ?? ""}</span> },
          ]}
        />
      )}
      <h3>Backups out of reach</h3>
      <NamedList items={backups} none="None was named, and none lies in the folder for them." />
      {releases.length > 0 && (
        <>
          <h3>The newest releases, looked into</h3>
          <Table
            caption="The newest releases"
            rows={releases}
            keyOf={(row) => `${row.project}/${row.version}`}
            columns={[
              { title: "Release", as: "head", cell: (row) => `${projectName(row.project)} ${row.version}` },
              { title: "Verifies", cell: (row) => (row.verified === undefined ? "" : row.verified ? "yes" : <Status value="no" />) },
              {
                title: "Holds of it",
                cell: (row) => (row.holds_nothing === undefined ? "" : row.holds_nothing ? "nothing" : (row.found ?? []).join(", ") || "not looked into"),
              },
              { title: "Folder", cell: (row) => <code className="path">{row.path ?? ""}</code> },
            ]}
          />
        </>
      )}
      <p className="meta spaced digest">
        {certificate.digest !== undefined && (
          <>
            Digest <code>{certificate.digest}</code>
          </>
        )}
        {keyOf(certificate.signature) !== null && (
          <>
            , signed with the key <code>{keyOf(certificate.signature)}</code>
          </>
        )}
      </p>
    </>
  );
}

function NamedList({ items, none }: { items: Json[]; none: string }) {
  if (items.length === 0) return <p className="meta">{none}</p>;
  return (
    <ul>
      {items.map((item, index) => {
        const why = item !== null && typeof item === "object" && !Array.isArray(item) && typeof item.why === "string" ? item.why : null;
        return (
          <li key={index}>
            {words(item)} {why !== null && <span className="meta">{why}</span>}
          </li>
        );
      })}
    </ul>
  );
}

function keyOf(signature: Json | undefined): string | null {
  if (signature === null || typeof signature !== "object" || Array.isArray(signature)) return null;
  return typeof signature.keyid === "string" ? signature.keyid : null;
}

/** What did the rehearsal find? How long each step took, what does not hold, and each project before and after. */

import { useProjectNames } from "../api/queries";
import { bytes, count, lasting, percent } from "../app/format";
import { Table } from "../app/Table";
import { Amounts } from "../charts/Amounts";
import { Checks } from "./Checks";
import type { DrillReport } from "./types";
import { detailWords, stepTitle } from "./words";

export function DrillReportView({ report }: { report: DrillReport }) {
  const projectName = useProjectNames();
  const failed = report.steps.filter((step) => step.error != null);
  const certificate = report.certificate;
  return (
    <>
      {failed.map((step) => (
        <p key={step.name} className="problem">
          {stepTitle(step.name)}: {step.error}
        </p>
      ))}
      <div className="beside-each-other">
        <Amounts
          title="How long each step took"
          rows={report.steps.map(({ name, ms }) => ({ key: name, name, value: ms ?? 0 }))}
          write={lasting}
        />
        {report.projects.length > 0 && (
          <Table
            caption="Projects, before and after"
            captioned
            rows={report.projects}
            keyOf={(row) => row.project}
            columns={[
              { title: "Project", as: "head", cell: (row) => row.name ?? projectName(row.project) },
              { title: "Settled", as: "number", cell: ({ before, after }) => <Change from={count(before.settled)} to={count(after.settled)} /> },
              { title: "Below target", as: "number", cell: ({ before, after }) => <Change from={count(before.below_target)} to={count(after.below_target)} /> },
              { title: "Mean confidence", as: "number", cell: ({ before, after }) => <Change from={percent(before.confidence)} to={percent(after.confidence)} /> },
            ]}
          />
        )}
      </div>
      {certificate != null && (
        <details open={!certificate.holds}>
          <summary>
            {certificate.holds
              ? `All ${certificate.checks.length} checks of the certificate would hold`
              : `${certificate.checks.filter((check) => !check.holds).length} of ${certificate.checks.length} checks of the certificate would not hold`}
          </summary>
          <Checks checks={certificate.checks} />
        </details>
      )}
      <details>
        <summary>What each step did</summary>
        <ul>
          {report.steps.map((step) => (
            <li key={step.name}>
              {stepTitle(step.name)}: {detailWords(step.detail) || "nothing to do"}
            </li>
          ))}
        </ul>
        {(report.against_plan ?? []).length > 0 && (
          <p>
            Against the plan:{" "}
            {(report.against_plan ?? []).map(({ what, planned, done }) => `${what} ${count(done)} of ${count(planned)}`).join(", ")}.
          </p>
        )}
        {report.copied != null && (
          <p className="meta">
            The copy: {bytes(report.copied.database_bytes)} in {lasting(report.copied.ms)}.
          </p>
        )}
      </details>
    </>
  );
}

function Change({ from, to }: { from: string; to: string }) {
  return from === to ? (
    <span className="soft">{from}</span>
  ) : (
    <>
      <span className="soft">{from}</span> <span aria-label="to">→</span> {to}
    </>
  );
}

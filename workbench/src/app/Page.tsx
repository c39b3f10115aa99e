/** What is this page called? One h1, the same name in the browser's title, actions at the right. */

import { useEffect, type ReactNode } from "react";

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Steelyard`;
  }, [title]);
}

interface PageHeadProps {
  title: string;
  above?: ReactNode;
  /** A word about it, behind the title. */
  tag?: ReactNode;
  children?: ReactNode;
}

export function PageHead({ title, above, tag, children }: PageHeadProps) {
  useTitle(title);
  return (
    <header className="page-head">
      <div>
        {above !== undefined && <p className="meta">{above}</p>}
        <div className="row">
          <h1>{title}</h1>
          {tag}
        </div>
      </div>
      {children !== undefined && <div className="actions">{children}</div>}
    </header>
  );
}

export function Section({ title, children, aside }: { title: string; children: ReactNode; aside?: ReactNode }) {
  return (
    <section>
      <div className="section-head">
        <h2>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

export function Status({ value }: { value: string }) {
  return <span className={`tag status-${value.replace(/ /g, "-")}`}>{value}</span>;
}

/** A figure with its name; a list of them is the top of most pages. */
export function Figure({ name, value, note }: { name: string; value: ReactNode; note?: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value}
        {note !== undefined && <span className="meta"> {note}</span>}
      </dd>
    </div>
  );
}

export function Meter({ part, whole, label }: { part: number; whole: number; label: string }) {
  const share = whole > 0 ? Math.min(1, part / whole) : 0;
  return (
    <div className="meter" role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={whole} aria-valuenow={part}>
      <div style={{ width: `${share * 100}%` }} />
    </div>
  );
}

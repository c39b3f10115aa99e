/** Which parts has this page? Links beside each other; each part has an address, so that it can be kept and sent. */

import { Link, useLocation } from "wouter";

interface TabsProps {
  label: string;
  /** The address of the page; each tab's path is added to it. */
  at: string;
  tabs: { path: string; title: string }[];
}

export function Tabs({ label, at, tabs }: TabsProps) {
  const [address] = useLocation();
  return (
    <nav className="tabs" aria-label={label}>
      {tabs.map(({ path, title }) => (
        <Link key={path} href={at + path} aria-current={address === at + path ? "page" : undefined}>
          {title}
        </Link>
      ))}
    </nav>
  );
}

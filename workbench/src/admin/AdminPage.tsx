/** Who may come in, and with whom is nothing shared? Keys, people, teams and the installation's conflicts. */

import { PageHead } from "../app/Page";
import { ConflictsSection } from "./ConflictsSection";
import { KeysSection } from "./KeysSection";
import { PeopleSection } from "./PeopleSection";
import { TeamsSection } from "./TeamsSection";

export function AdminPage() {
  return (
    <>
      <PageHead title="Admin" />
      <KeysSection />
      <PeopleSection />
      <TeamsSection />
      <ConflictsSection />
    </>
  );
}

/** Who can sign in? Everybody for whom a key was made. */

import { usePeople } from "../api/queries";
import { when } from "../app/format";
import { Load } from "../app/Load";
import { Section } from "../app/Page";
import { Table } from "../app/Table";

export function PeopleSection() {
  const people = usePeople();
  return (
    <Section title="People">
      <Load query={people}>
        {({ items }) => (
          <Table
            caption="People" narrow rows={items} keyOf={(person) => person.id}
            columns={[
              { title: "Name", as: "head", cell: (person) => person.name },
              { title: "E-mail", cell: (person) => person.email ?? "" },
              { title: "Provider", cell: (person) => person.provider ?? "" },
              { title: "Skills", cell: (person) => [...person.skills, ...person.languages].join(", ") },
              { title: "Teams", cell: (person) => (person.teams ?? []).map((team) => team.name).join(", ") },
              { title: "Since", as: "nowrap", cell: (person) => when(person.created_at) },
            ]}
          />
        )}
      </Load>
    </Section>
  );
}

/** Who can sign in? Everybody for whom a key was made. */

import { usePeople } from "../api/queries";
import { when } from "../app/format";
import { Load } from "../app/Load";
import { Section } from "../app/Page";

export function PeopleSection() {
  const people = usePeople();
  return (
    <Section title="People">
      <Load query={people}>
        {({ items }) => (
          <table className="narrow">
            <caption className="visually-hidden">People</caption>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">E-mail</th>
                <th scope="col">Provider</th>
                <th scope="col">Since</th>
              </tr>
            </thead>
            <tbody>
              {items.map((person) => (
                <tr key={person.id}>
                  <th scope="row">{person.name}</th>
                  <td>{person.email ?? ""}</td>
                  <td>{person.provider ?? ""}</td>
                  <td className="nowrap">{when(person.created_at)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Load>
    </Section>
  );
}

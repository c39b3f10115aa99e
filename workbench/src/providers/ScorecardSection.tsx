/** How good is it, by gold and by agreement with the others, and what does a correct answer cost? */

import { useProjectNames, useScorecard } from "../api/queries";
import type { Scorecard } from "../api/types";
import { count, money, percent, plural } from "../app/format";
import { Load } from "../app/Load";
import { Section } from "../app/Page";
import { Scroll } from "../app/Table";
import { Interval, commonFloor } from "../charts/Interval";

export function ScorecardSection({ slug }: { slug: string }) {
  const scorecard = useScorecard(slug);
  return (
    <Section title="Accuracy and cost">
      <Load query={scorecard}>{(card) => <Card card={card} />}</Load>
    </Section>
  );
}

function Card({ card }: { card: Scorecard }) {
  const projectName = useProjectNames();
  const floor = commonFloor([
    card.gold,
    card.inferred,
    ...card.projects.flatMap((row) => [row.gold, row.inferred]),
    ...card.annotators.flatMap((row) => [row.gold, row.inferred]),
  ]);
  const scale = <span className="meta">{percent(floor, 0)} to 100 %</span>;
  return (
    <>
      <Scroll label="Accuracy over all projects">
        <table className="narrow">
          <caption className="visually-hidden">Accuracy over all projects</caption>
          <tbody>
            <tr>
              <th scope="row">Measured on gold</th>
              <td>
                <Interval estimate={card.gold} floor={floor} />
              </td>
            </tr>
            <tr>
              <th scope="row">Inferred from overlap</th>
              <td>
                <Interval estimate={card.inferred} floor={floor} />
              </td>
            </tr>
            <tr>
              <th scope="row">Cost per correct answer</th>
              <td>{money(card.cost_per_correct, card.currency)}</td>
            </tr>
          </tbody>
        </table>
      </Scroll>
      {card.projects.length > 0 && (
        <Scroll label="By project and question">
          <table>
            <caption>By project and question</caption>
            <thead>
              <tr>
                <th scope="col">Project</th>
                <th scope="col">Question</th>
                <th scope="col">Gold {scale}</th>
                <th scope="col">Inferred {scale}</th>
                <th scope="col" className="number">Cost per correct</th>
                <th scope="col" className="number">Judgments</th>
              </tr>
            </thead>
            <tbody>
              {card.projects.map((row) => (
                <tr key={`${row.project}/${row.question}`}>
                  <th scope="row">{row.name ?? projectName(row.project)}</th>
                  <td>{row.question}</td>
                  <td>
                    <Interval estimate={row.gold} floor={floor} />
                  </td>
                  <td>
                    <Interval estimate={row.inferred} floor={floor} />
                  </td>
                  <td className="number">{money(row.cost_per_correct, card.currency)}</td>
                  <td className="number">{count(row.judgments)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      {card.annotators.length > 0 && <Annotators card={card} floor={floor} />}
    </>
  );
}

function Annotators({ card, floor }: { card: Scorecard; floor: number }) {
  return (
    <details>
      <summary>{plural(card.annotators.length, "annotator")}</summary>
      <Scroll label="By annotator">
        <table>
          <caption className="visually-hidden">By annotator</caption>
          <thead>
            <tr>
              <th scope="col">Annotator</th>
              <th scope="col">Gold</th>
              <th scope="col">Inferred</th>
              <th scope="col" className="number">Judgments</th>
            </tr>
          </thead>
          <tbody>
            {card.annotators.map((row) => (
              <tr key={row.annotator}>
                <th scope="row">{row.annotator_name ?? row.annotator}</th>
                <td>
                  <Interval estimate={row.gold} floor={floor} />
                </td>
                <td>
                  <Interval estimate={row.inferred} floor={floor} />
                </td>
                <td className="number">{count(row.judgments)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </details>
  );
}

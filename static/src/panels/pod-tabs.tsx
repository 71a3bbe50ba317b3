/** What the inspector tells of pods alone: how the scheduler decided, and which views of the machine the containers share. */
import type { InspectReply, Scheduling } from "../protocol/shapes";

export function Sandbox({ rows }: { rows: NonNullable<InspectReply["sandbox"]> }) {
  return (
    <>
      <p>What the kernel lets its containers see. These are namespaces of Linux; the pod's <a href="/words/namespace/">namespace of the API</a> is only where its name is unique.</p>
      <table class="table decision">
        <caption class="vh">Namespaces of the kernel</caption>
        <thead><tr><th scope="col">View of</th><th scope="col">Whose</th></tr></thead>
        <tbody>{rows.map(([what, whose, means]) => <tr key={what}><th scope="row">{what}</th><td>{whose}<br /><span class="muted">{means}</span></td></tr>)}</tbody>
      </table>
    </>
  );
}

export function Decision({ decision }: { decision: Scheduling }) {
  return (
    <>
      <p>{decision.node ? <>Chose <code>{decision.node}</code> of {decision.total_nodes}.</> : decision.message}</p>
      <table class="table decision">
        <caption class="vh">What the scheduler found for each node</caption>
        <thead><tr><th scope="col">Node</th><th scope="col">Result</th></tr></thead>
        <tbody>
          {decision.fits.map((fit, i) => (
            <tr key={`fit-${i}`} class={fit.nodes.includes(decision.node) ? "chosen" : ""}>
              <th scope="row">{someNodes(fit.nodes, fit.count)}</th>
              <td>{fit.total === null ? "the only one that fits" : <><b>{fit.total} points</b><br /><span class="muted">{fit.points.map(([plugin, points]) => `${plugin} ${points}`).join(", ")}</span></>}</td>
            </tr>
          ))}
          {decision.rejected.map((no, i) => (
            <tr key={`no-${i}`}>
              <th scope="row">{someNodes(no.nodes, no.count)}</th>
              <td>{no.reasons.join("; ")}<br /><span class="muted">{no.plugin}</span></td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function someNodes(nodes: readonly string[], count: number): string {
  const rest = count - nodes.length;
  return nodes.join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

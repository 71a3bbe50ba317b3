/**
 * The other side of the comparison: a Deployment from its creation to all replicas Ready in @ngrok/webernetes.
 *
 *   node replicas.mjs REPLICAS NODES
 *
 * Prints one JSON line: CPU seconds of this process from `apply` until the Deployment says that all are ready, wall seconds and simulated
 * seconds. The simulated clock stands still and is moved on as fast as the work allows, so waiting costs neither side anything.
 */
import { BaseImage, Cluster } from "@ngrok/webernetes";

const [replicas, nodes] = process.argv.slice(2).map(Number);
const STEP_MS = 100;
/** Turns of the event loop after each step, so that whatever became due can finish before time goes on. */
const TURNS = 20;
const MOST_SIMULATED_MS = 600_000;

class Server extends BaseImage {
  static imageName = "server";
  static imageVersion = "1.0";
  defaultCommand = ["server"];
  async exec(ctx, argv) {
    return argv[0] === "server" ? ctx.waitUntilKilled() : super.exec(ctx, argv);
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function main() {
  const cluster = new Cluster({ nodes });
  cluster.registerImage(Server);
  await cluster.init();
  cluster.pause();
  let ready = 0;
  const informer = cluster.informer("deployments", (type, object) => { ready = object.status?.readyReplicas ?? 0; }, { namespace: "default" });
  const labels = { app: "web" };
  const [cpu, wall] = [process.cpuUsage(), performance.now()];
  const applied = cluster.apply([{
    apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", namespace: "default", labels },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: "server", image: "server:1.0" }] } } },
  }]);
  let simulated = 0;
  for (; ready < replicas && simulated < MOST_SIMULATED_MS; simulated += STEP_MS) {
    cluster.clock.step(STEP_MS);
    for (let i = 0; i < TURNS && ready < replicas; i += 1) await turn();
  }
  await applied;
  const { user, system } = process.cpuUsage(cpu);
  process.stdout.write(`${JSON.stringify({ ready, cpu_s: (user + system) / 1e6, wall_s: (performance.now() - wall) / 1000, simulated_s: simulated / 1000 })}\n`);
  void informer.stop();
  process.exit(ready === replicas ? 0 : 1);
}

await main();

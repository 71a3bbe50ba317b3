/**
 * What travels between the server and a page, exactly as written in docs/architecture.md, sections 2 and 1.6.
 *
 * Promise: only shapes, no behaviour. Times are whole microseconds since the start of the cluster. `gen` names a branch of
 * history, `ev` an event in it. The reading and applying of frames is in socket.ts and store.ts.
 */

export interface Clock {
  at: number;
  speed: number;
  paused: boolean;
  lagging: boolean;
}

export interface Person {
  id: string | number;
  name: string;
  role: string;
}

/** Every row of every table carries these. `created` is a time, `ns` is empty for what belongs to no namespace. */
export interface Row {
  uid: string;
  name: string;
  ns: string;
  created: number;
}

export interface ClusterRow extends Row {
  version: string;
  revision: number;
  flavour: string;
}

export type Part = "apiserver" | "etcd" | "scheduler" | "controller";

export interface ComponentRow extends Row {
  part: Part;
  up: boolean;
  members: [node: string, up: boolean, leader: boolean][];
  queue: number;
}

export interface NodeRow extends Row {
  ready: "True" | "False" | "Unknown";
  roles: string[];
  zone: string;
  cordoned: boolean;
  cpu: number;
  cpuUsed: number;
  mem: number;
  memUsed: number;
  pods: number;
  power: boolean;
  heard: number;
  taints: string[];
}

export type Phase = "Running" | "Pending" | "Creating" | "Failing" | "Succeeded" | "Terminating" | "Unknown";

export interface PodRow extends Row {
  node: string;
  phase: Phase;
  status: string;
  ready: [ready: number, of: number];
  restarts: number;
  owner: string;
  ownerKind: string;
  app: string;
  tail: string;
  ip: string;
  image: string;
  bar: number | null;
  grace: number | null;
  daemon: boolean;
  why: string;
}

export interface NamespaceRow extends Row {
  phase: string;
}

export interface WorkloadRow extends Row {
  want: number;
  have: number;
  ready: number;
  updated: number;
  available: number;
  owner: string;
  revision: number | string;
}

export interface ServiceRow extends Row {
  type: string;
  ip: string;
  ports: string;
  external: string;
  selector: string;
  endpoints: string[];
  notReady: string[];
}

export interface KeyedRow extends Row {
  keys: number;
}

export interface NotedRow extends Row {
  phase: string;
  size: string;
  note: string;
}

/** The tables, by Kind. */
export interface Tables {
  Cluster: ClusterRow;
  Component: ComponentRow;
  Node: NodeRow;
  Pod: PodRow;
  Namespace: NamespaceRow;
  Deployment: WorkloadRow;
  ReplicaSet: WorkloadRow;
  StatefulSet: WorkloadRow;
  DaemonSet: WorkloadRow;
  Job: WorkloadRow;
  Service: ServiceRow;
  ConfigMap: KeyedRow;
  Secret: KeyedRow;
  PersistentVolumeClaim: NotedRow;
  PersistentVolume: NotedRow;
  StorageClass: NotedRow;
  Ingress: NotedRow;
}

export type Kind = keyof Tables;

/** One write, or one delivery of a change to whoever watches it (`verb` is "watch"). */
export interface Msg {
  id: number;
  from: string;
  to: string;
  verb: string;
  kind: string;
  uid: string;
  name: string;
  ns: string;
  root: number;
  hop: number;
  because: number;
  at: number;
  say: string;
  ok: boolean;
}

export interface Mark {
  at: number;
  type: "command" | "fault" | "warning";
  text: string;
  ev: number;
}

export type Fields = Record<string, unknown>;

export type Item =
  | ["add", string, Fields]
  | ["set", string, Fields]
  | ["del", string]
  | ["msg", Msg]
  | ["mark", Mark];

export interface Table {
  cols: string[];
  rows: unknown[][];
}

export interface HelloFrame { t: "hello"; gen: number; ev: number; clock: Clock; me: Person; watchers: string[] }
export interface SnapFrame { t: "snap"; gen: number; ev: number; clock: Clock; tables: Record<string, Table>; part: number; end: boolean }
export interface DeltaFrame { t: "delta"; gen: number; from: number; to: number; at: number; items: Item[] }
export interface ClockFrame { t: "clock"; clock: Clock }
export interface ResetFrame { t: "reset"; gen: number }
export interface WatchersFrame { t: "watchers"; names: string[] }
export interface HintFrame { t: "hint"; id: string | number; from: string; text: string; at: number | string }
export interface CheckResult { id: string; passed: boolean; say: string }
export interface LessonFrame { t: "lesson"; step: number | string; checks: CheckResult[]; done: boolean }
export interface FollowFrame { t: "follow"; id: string; stdout: string; done: boolean; exit: number }
export interface ByeFrame { t: "bye"; reason: string }

export type ServerFrame =
  | HelloFrame | SnapFrame | DeltaFrame | ClockFrame | ResetFrame
  | WatchersFrame | HintFrame | LessonFrame | FollowFrame | ByeFrame;

export type BrowserFrame =
  | { t: "hello"; gen: number | null; ev: number | null }
  | { t: "resync"; gen: number; ev: number }
  | { t: "ack"; ev: number }
  | { t: "rate"; hz: number }
  | { t: "follow"; id: string; token: unknown }
  | { t: "unfollow"; id: string }
  | { t: "lesson"; step: number | string };

/** The boot JSON that Django writes into the lab page. */
export interface Boot {
  cluster: { id: string; name: string };
  me: Person;
  ws: string;
  api: string;
  csrf: string;
  readonly: boolean;
  lesson: unknown;
  step: number;
  class: { id: string | number; name: string } | null;
  theme: string;
}

/** One link of a chain of causes, from the thing back to its root. */
export interface Hop {
  ev: number;
  at: number;
  type: string;
  actor: string;
  verb: string;
  kind: string;
  namespace: string;
  name: string;
  say: string;
}

export interface InspectReply {
  kind: string;
  title: string;
  facts: [label: string, value: string][];
  yaml: string;
  events: { type: string; reason: string; message: string; count: number; age: string; ev: number }[];
  because: Hop[];
  scheduling?: unknown;
  not_simulated?: string[];
}

export interface CommandError {
  code: string;
  message: string;
  thing?: string;
  found?: string;
  wanted?: string;
}

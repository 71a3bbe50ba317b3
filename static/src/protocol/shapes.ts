/**
 * The shapes inside the frames: rows, messages, marks, boot data and replies, as docs/architecture.md sections 1.6, 2.3 and 2.5 give them.
 *
 * types.ts is generated from the server's dataclasses and says what a frame is; what the server calls "any list" or "any table" is
 * named here. Only shapes, no behaviour. Times are whole microseconds since the start of the cluster. `gen` names a branch of history,
 * `ev` an event in it.
 */
import type { Brought, Bye, ClientMessage, ClockFrame, Delta, FollowFrame, Hello, Held, HelpFrame, HintFrame, LessonFrame, Me, PresentFrame, Problem, Reset, Snap, Watchers } from "./types";

export type { Brought, Clock, ClockFrame, FollowFrame, HelpFrame, HelpState, HintFrame, LessonFrame, Presented } from "./types";
export type Person = Me;


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
  /** The newest marks before this page came; only a snapshot has them. */
  marks?: Mark[];
}

/** The manager of the controllers is a part of its own, "controllers". */
export type Part = "apiserver" | "etcd" | "scheduler" | "controllers" | "controller";

export interface ComponentRow extends Row {
  part: Part;
  up: boolean;
  members: [node: string, up: boolean, leader: boolean][];
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
  /** Null when its kubelet has never reported. */
  heard: number | null;
  taints: string[];
}

/** From one time to another. */
export type Stretch = [from: number, to: number];

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
  /** Bytes of memory that its containers ask for. */
  mem: number;
  /** The image pull that it waits for. */
  bar: Stretch | null;
  /** From the wish to delete it to when its kubelet stops waiting. */
  grace: Stretch | null;
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
  /** How many pods a rollout replaces at a time; Deployments only. */
  batch?: number;
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

export interface IngressRow extends NotedRow {
  /** Uids of the Services it sends to. */
  services: string[];
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
  Ingress: IngressRow;
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

export type HelloFrame = Hello;
export type SnapFrame = Omit<Snap, "tables"> & { tables: Record<string, Table> };
export type DeltaFrame = Omit<Delta, "items"> & { items: Item[] };
export type ServerFrame =
  | HelloFrame | SnapFrame | DeltaFrame | ClockFrame | Reset | Watchers
  | HintFrame | HelpFrame | Brought | Held | PresentFrame | LessonFrame | FollowFrame | Problem | Bye;
export type BrowserFrame = ClientMessage;

/** The boot JSON that Django writes into the lab page. */
export interface Boot {
  cluster: { id: string; name: string };
  me: Person;
  ws: string;
  api: string;
  csrf: string;
  readonly: boolean;
  /** The lesson panel knows its shape; null when the lab is a free one. */
  lesson: unknown;
  step: string | null;
  class: unknown;
  /** Whose cluster this is and the way back, when it is shown to a class that the reader is in. */
  follow?: { by: string; class: string; back: string } | null;
  theme: string;
  reducedMotion?: boolean;
  screenReader?: boolean;
  /** Where the choices of theme, motion and screen reader are kept. */
  settings?: string;
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

/** One scheduling cycle as the scheduler recorded it: what fitted and with how many points, and what did not and why. */
export interface Scheduling {
  at: number;
  node: string;
  message: string;
  total_nodes: number;
  examined: number;
  feasible: number;
  fits: { nodes: string[]; count: number; total: number | null; points: [plugin: string, points: number][] }[];
  rejected: { plugin: string; reasons: string[]; resolvable: boolean; nodes: string[]; count: number }[];
}

/** A change that has let a pod run on a copy of the cluster, with the commands that made it there. */
export interface Remedy {
  say: string;
  fields: [about: string, field: string][];
  commands: { kind: string; line?: string; stdin?: string }[];
  node: string;
  runs: boolean;
  status: string;
  after_us: number;
}

export interface RemediesReply {
  say: string;
  remedies: Remedy[];
  tried: number;
}

export interface InspectReply {
  kind: string;
  title: string;
  facts: [label: string, value: string][];
  yaml: string;
  events: { type: string; reason: string; message: string; count: number; age: number; ev: number }[];
  because: Hop[];
  scheduling?: Scheduling | null;
  /** Of pods: what the containers see, whose view of it, what that means here. */
  sandbox?: readonly (readonly [what: string, whose: string, means: string])[];
  not_simulated?: string[];
}

/** What differs between two moments, object by object. */
export interface ComparedObject {
  resource: string;
  kind: string;
  namespace: string;
  name: string;
  how: "added" | "removed" | "changed";
  fields: [path: string, before: unknown, after: unknown][];
}

export interface CompareReply {
  same: boolean;
  count: number;
  objects: ComparedObject[];
  one: [gen: number, at: number];
  other: [gen: number, at: number];
}

/** A branch of the cluster's history; `end` is where it was left, `from` the branch it left. */
export interface BranchRow {
  gen: number;
  from: number | null;
  at: number;
  end: number | null;
}

/** One field of an object and the write that set it; not exact: that write or one before it. */
export interface FieldRow {
  path: string;
  value: unknown;
  ev: number;
  exact: boolean;
  by: string;
  at: number;
}

/** A loop of the control plane, as the debugger tells of it. */
export interface LoopRow {
  name: string;
  process: string;
  running: boolean;
  on: boolean;
  waiting: number;
  delayed: number;
  failing: number;
  synced: { at: number; key: string; count: number } | null;
  watches: string[];
  writes: string[];
  held: HeldRow[];
}

/** What a loop was stopped before. */
export interface HeldRow {
  loop: string;
  key: string;
  resource: string;
  namespace: string;
  name: string;
  at: number;
  because: number;
}

export interface BreakpointRow {
  id: number;
  loop: string;
  resource: string;
  namespace: string;
  name: string;
}

export interface LoopsReply {
  loops: LoopRow[];
  breakpoints: BreakpointRow[];
}

/** What a stopped loop will read and write once it is let through. */
export interface LookReply {
  loop: string;
  key: string;
  measures: { what: string; desired: unknown; observed: unknown; difference: number | null }[];
  reads: { resource: string; namespace: string; name: string }[];
  writes: { verb: string; resource: string; namespace: string; name: string; ok: boolean; say: string; fields: [path: string, before: unknown, after: unknown][] }[];
  action: string;
}

export interface CommandError {
  code: string;
  message: string;
  thing?: string;
  found?: string;
  wanted?: string;
}

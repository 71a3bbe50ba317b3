/**
 * Builds the context that the terminal, the editor and the lesson get.
 *
 * Promise: what a panel may do, and nothing more; see lab-context.ts. Kinds are found under every name that kubectl accepts for those
 * the stage knows.
 */
import { computed, signal } from "@preact/signals";
import type { Announcer } from "./a11y/announcer";
import type { View } from "./draw/view";
import type { LabContext } from "./lab-context";
import { table, type ClusterState } from "./protocol/store";
import type { Kind } from "./protocol/shapes";
import type { Session } from "./session";

const NAMES: Record<string, Kind> = {
  no: "Node", node: "Node", po: "Pod", pod: "Pod", ns: "Namespace", namespace: "Namespace", deploy: "Deployment", deployment: "Deployment",
  rs: "ReplicaSet", replicaset: "ReplicaSet", sts: "StatefulSet", statefulset: "StatefulSet", ds: "DaemonSet", daemonset: "DaemonSet", job: "Job",
  svc: "Service", service: "Service", cm: "ConfigMap", configmap: "ConfigMap", secret: "Secret", ing: "Ingress", ingress: "Ingress",
  pvc: "PersistentVolumeClaim", persistentvolumeclaim: "PersistentVolumeClaim", pv: "PersistentVolume", persistentvolume: "PersistentVolume",
  sc: "StorageClass", storageclass: "StorageClass", component: "Component",
};

export function kindNamed(name: string): Kind | null {
  const plain = name.toLowerCase().split(".")[0]!;
  return NAMES[plain] ?? NAMES[plain.replace(/s$/, "")] ?? NAMES[plain.replace(/es$/, "")] ?? null;
}

export function findUid(state: ClusterState, kind: string, name: string, namespace?: string): string | null {
  const known = kindNamed(kind);
  if (known === null) return null;
  for (const row of table(state, known).values()) {
    if (row.name === name && (!namespace || row.ns === namespace)) return row.uid;
  }
  return null;
}

export interface ContextParts {
  session: Session;
  view: View;
  announcer: Announcer;
  showPane(name: "stage" | "terminal" | "editor"): void;
}

export function labContext({ session, view, announcer, showPane }: ContextParts): LabContext {
  const openers = new Set<(path: string) => void>();
  let unopened: string | null = null;
  return {
    boot: session.boot,
    api: session.api,
    state: session.state,
    live: session.live,
    visiting: computed(() => session.visited.value !== null),
    clock: session.clock,
    connection: session.connection,
    lesson: session.lesson,
    hints: session.hints,
    help: session.help,
    brought: session.brought,
    watchers: session.watchers,
    selected: session.selected,
    screenReader: signal(session.boot.screenReader === true),
    select: (uid) => { session.selected.value = uid; },
    inspect: (uid) => { session.selected.value = uid; view.inspector.value = true; showPane("stage"); },
    find: (kind, name, namespace) => findUid(session.state.peek(), kind, name, namespace),
    announce: (text, options) => announcer.say(text, options),
    openFile: (path) => {
      showPane("editor");
      if (openers.size === 0) unopened = path;
      for (const open of openers) open(path);
    },
    showTerminal: () => showPane("terminal"),
    onOpenFile: (listener) => {
      openers.add(listener);
      if (unopened !== null) listener(unopened);
      unopened = null;
      return () => { openers.delete(listener); };
    },
    follow: (token, listener) => session.follow(token, listener),
    lessonStep: (step) => session.lessonStep(step),
  };
}

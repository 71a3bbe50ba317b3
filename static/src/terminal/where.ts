/**
 * Which context and namespace kubectl works in, read from the workstation's kubeconfig file.
 * Reads only the few plain keys it needs, in the layout kubectl itself writes.
 */
export interface Where { readonly context: string; readonly namespace: string }

export const kubeconfigPath = ".kube/config";

/** Whether a command may have changed the place; then the file is worth reading again. */
export const mayMove = (command: string): boolean => /\bconfig\b|KUBECONFIG|\.kube\//.test(command);

export function readWhere(kubeconfig: string): Where | null {
  const context = /^current-context:\s*"?([^"\s]+)"?\s*$/m.exec(kubeconfig)?.[1];
  if (!context) return null;
  const contexts = /^contexts:\s*\n((?:[ -].*\n?)*)/m.exec(kubeconfig)?.[1] ?? "";
  const entry = contexts.split(/^- /m).find((text) => new RegExp(`^\\s*name:\\s*"?${escaped(context)}"?\\s*$`, "m").test(text));
  return { context, namespace: /^\s*namespace:\s*"?([^"\s]+)"?\s*$/m.exec(entry ?? "")?.[1] ?? "default" };
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** What the menu offers to start from; the texts themselves are loaded when one is chosen (`templates.ts`). */
export const templateNames = ["Pod", "Deployment", "Service", "ConfigMap", "Secret", "Namespace", "Job", "DaemonSet"] as const;
export type TemplateName = (typeof templateNames)[number];

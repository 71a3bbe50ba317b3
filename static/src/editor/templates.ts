/** Manifests to start from: small, complete, and accepted by the cluster as they are. */
import type { TemplateName } from "./template-names";

export interface Template { readonly name: TemplateName; readonly text: string }

const pod = `apiVersion: v1
kind: Pod
metadata:
  name: web
  labels:
    app: web
spec:
  containers:
  - name: web
    image: nginx:1.27
    ports:
    - containerPort: 80
`;

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 3
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - name: web
        image: nginx:1.27
        ports:
        - containerPort: 80
        resources:
          requests:
            cpu: 100m
            memory: 64Mi
        readinessProbe:
          httpGet:
            path: /
            port: 80
`;

const service = `apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector:
    app: web
  ports:
  - port: 80
    targetPort: 80
`;

const configMap = `apiVersion: v1
kind: ConfigMap
metadata:
  name: web-config
data:
  greeting: Hello
`;

const secret = `apiVersion: v1
kind: Secret
metadata:
  name: web-secret
type: Opaque
stringData:
  password: change-me
`;

const namespace = `apiVersion: v1
kind: Namespace
metadata:
  name: shop
`;

const job = `apiVersion: batch/v1
kind: Job
metadata:
  name: report
spec:
  backoffLimit: 3
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: report
        image: busybox:1.36
        command: ["sh", "-c", "echo done"]
`;

const daemonSet = `apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: agent
spec:
  selector:
    matchLabels:
      app: agent
  template:
    metadata:
      labels:
        app: agent
    spec:
      containers:
      - name: agent
        image: busybox:1.36
        command: ["sleep", "infinity"]
`;

export const templates: readonly Template[] = [
  { name: "Pod", text: pod },
  { name: "Deployment", text: deployment },
  { name: "Service", text: service },
  { name: "ConfigMap", text: configMap },
  { name: "Secret", text: secret },
  { name: "Namespace", text: namespace },
  { name: "Job", text: job },
  { name: "DaemonSet", text: daemonSet },
];

/** A text with a template added: instead of nothing, or as one more document at the end. */
export function withTemplate(text: string, name: TemplateName): string {
  const template = templates.find((one) => one.name === name) as Template;
  return text.trim() === "" ? template.text : `${text.trimEnd()}\n---\n${template.text}`;
}

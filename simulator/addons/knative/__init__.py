"""Functions that run only while somebody asks: Knative Serving's Service, Configuration, Revision and Route.

https://knative.dev/docs/serving/; behaves like knative/serving 1.18 (`pkg/reconciler`, `pkg/apis/serving`): every change of a Service's template
makes a Revision, a Revision is a Deployment called `<revision>-deployment`, and one that nobody has asked for `stable-window` (60 s) has no pods. The
first request that finds none makes the activator ask for one.

Simplified: one pod answers whatever comes (`concurrency` has no effect), and the activator answers the request that wakes a revision with 503
instead of holding it until the pod is there, because a request takes no simulated time. Images are not resolved to digests, and the kinds
between (PodAutoscaler, ServerlessService, Ingress) are not there: what they would say is worked out where it is told.
"""

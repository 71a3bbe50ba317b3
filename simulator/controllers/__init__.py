"""kube-controller-manager: one file a controller, each bringing one kind of object nearer to what it asks for."""

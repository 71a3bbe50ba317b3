"""Functions of expressions, a room for each library: those of the language, cel-go's extensions and Kubernetes' own (`apiserver/pkg/cel/library`, 1.33)."""

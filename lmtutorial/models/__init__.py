"""Models of text: the seam that explainers see, the classifier, what came before it, and the trained ones that ship."""

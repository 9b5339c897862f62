"""What goes on inside a Transformer: where it looks, what each part adds, which part decides, what is stored where."""

"""What the vision-language engine is made of: prompts, pictures, the model's server, and its answers."""

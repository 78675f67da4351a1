"""Other frameworks' tensors: a module for each, which needs that framework only when it is used."""

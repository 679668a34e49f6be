"""Make it happen: the only writers, owners of the transaction; one module per verb family."""

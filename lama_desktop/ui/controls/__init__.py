"""Controls that Qt does not have, or not in this form. They are painted in the colours of their palette."""

"""Canvas: the widget in which a photo is seen and painted, and what it is made of."""

"""How does any model stand on the sphere? `measure` counts, `pictures` draws it, `page` writes it down."""

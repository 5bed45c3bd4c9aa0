"""How does any model stand on the sphere? `measure.measure` counts, `page.page` writes it down."""

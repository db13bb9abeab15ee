from results.format import parameter_rows


def test_by_hand():
    """A number stands in `value`, a truth value too, a text in `text`."""
    values = {"losses.kl": 0.5, "latent_size": 20, "a": "x", "b": True}
    rows = list(parameter_rows.rows(values | {"labelled_ratio": 0.1}))
    assert [tuple(row.values()) for row in rows] == [
        ("losses.kl", "float", 0.5, None),
        ("latent_size", "int", 20.0, None),
        ("a", "string", None, "x"),
        ("b", "bool", 1.0, None),
    ]
    assert list(rows[0]) == ["name", "kind", "value", "text"]

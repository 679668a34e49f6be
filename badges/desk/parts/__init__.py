"""Parts that several pages share: pickers, pictures, charts, numbers, links, fields."""

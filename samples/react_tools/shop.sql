-- The shop: what it sells, at which price in euros, and how many of each are in stock.
CREATE TABLE products (
    name TEXT PRIMARY KEY,
    price REAL NOT NULL CHECK (price > 0),
    stock INTEGER NOT NULL CHECK (stock >= 0)
);

INSERT INTO products (name, price, stock) VALUES
    ('tea', 4.5, 120),
    ('coffee', 7.25, 64),
    ('mug', 9.9, 35),
    ('kettle', 39.0, 8);

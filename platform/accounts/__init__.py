"""People: accounts, guests, sign-in and how each person likes the site to look. Knows no other app."""

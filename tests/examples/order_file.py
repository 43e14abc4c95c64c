"""What the raw order file says, computed in DuckDB and plain Python: nothing of the product is used."""

import math

import duckdb

DAY_US = 86_400_000_000
NOW_US = 1_323_475_200_000_000  # 2011-12-10T00:00:00Z

# London's summer time of 2011 began on 27 March at 01:00 and ended on 30 October at 02:00, when the
# first of two equal hours counts; written out here so that nothing is shared with the product.
INVOICES = """
    SELECT
        invoice_no,
        any_value(customer_id) AS customer,
        starts_with(invoice_no, 'C') AS is_return,
        count(*) AS lines,
        epoch_us(min(invoice_date) - CASE
            WHEN min(invoice_date) >= TIMESTAMP '2011-03-27 01:00'
             AND min(invoice_date) <  TIMESTAMP '2011-10-30 02:00' THEN INTERVAL 1 HOUR
            ELSE INTERVAL 0 HOUR END) AS at_us,
        CAST(sum(CAST(quantity AS DECIMAL(18, 0)) * CAST(unit_price AS DECIMAL(18, 3))) * 1000000
             AS BIGINT) AS micros
    FROM read_parquet($file)
    WHERE customer_id IS NOT NULL
    GROUP BY invoice_no
"""


def invoices(file):
    """invoice → (customer, is a return, lines, instant, total in micro-units)."""
    with duckdb.connect() as connection:
        rows = connection.execute(INVOICES, {"file": str(file)}).fetchall()
    return {number: tuple(rest) for number, *rest in rows}


def customers(file, now_us=NOW_US):
    """customer → figures as of `now_us`: recency_us (or None), counts, sums in micro-units."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"""
            SELECT customer,
                $now - max(at_us) FILTER (WHERE NOT is_return),
                count(*) FILTER (WHERE NOT is_return AND at_us > $now - $year AND at_us <= $now),
                coalesce(sum(micros) FILTER (
                    WHERE NOT is_return AND at_us > $now - $year AND at_us <= $now), 0),
                count(*) FILTER (WHERE NOT is_return),
                coalesce(sum(micros) FILTER (WHERE NOT is_return), 0),
                count(*) FILTER (WHERE is_return),
                coalesce(sum(micros) FILTER (WHERE is_return), 0)
            FROM ({INVOICES}) GROUP BY customer
            """,
            {"file": str(file), "now": now_us, "year": 365 * DAY_US},
        ).fetchall()
    names = (
        "recency_us", "orders_365d", "spend_365d_micros", "orders_total", "spend_total_micros",
        "refunds_total", "refunded_total_micros",
    )  # fmt: skip
    return {
        str(customer): dict(
            zip(names, (None if v is None else int(v) for v in values), strict=True)
        )
        for customer, *values in rows
    }


def cuts_of(values):
    """Segments F5: cut k is the value at ceil(k·n/5), counted from 1."""
    ordered = sorted(values)
    return [ordered[math.ceil(k * len(ordered) / 5) - 1] for k in range(1, 5)]


def rfm_scores(figures, population=None):
    """customer → (r, f, m), each 1-5 or None; borders from `population`, else from the same."""
    columns = {"recency_us": True, "orders_365d": False, "spend_365d_micros": False}
    cuts = {
        name: cuts_of([f[name] for f in (population or figures).values() if f[name] is not None])
        for name in columns
    }

    def score(name, value, falling):
        if value is None:
            return None
        above = sum(cut < value for cut in cuts[name])
        return 5 - above if falling else 1 + above

    return {
        customer: tuple(score(name, f[name], falling) for name, falling in columns.items())
        for customer, f in figures.items()
    }


def tier_of(r, f, m):
    """The tiers of segments/rfm.yaml; a null decides nothing."""
    if None in (r, f, m):
        return None
    if r >= 4 and f >= 4 and m >= 4:
        return "champions"
    if r >= 3 and f >= 3:
        return "loyal"
    if f <= 2:
        return "promising" if r >= 4 else "needs-attention" if r == 3 else "hibernating"
    return None

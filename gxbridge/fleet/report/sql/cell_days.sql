-- title: Cell imbalance by day
-- about: All batteries of the fleet together.
select day, count(*) as batteries, quantile_disc(imbalance_mv, 0.5) as median_mv,
    quantile_disc(imbalance_mv, 0.9) as p90_mv, max(imbalance_mv) as worst_mv
from cell_days
group by day
order by day

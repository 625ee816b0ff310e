-- title: Limits disobeyed, and how long obeying takes, by charger
-- about: From black boxes, by what the devices show on D-Bus. Disobeyed: at least ten seconds above what it was told. Lag: until it made no more than it was told.
select kind, product, firmware,
    count(distinct device) as devices, count(distinct site) as boats,
    count(*) as times, count(*) filter (lasted_s >= 10) as disobeyed,
    round(max(worst_a - told_a), 1) as most_above_a,
    round(quantile_disc(lag_s, 0.5), 1) as median_lag_s,
    round(quantile_disc(lag_s, 0.95), 1) as p95_lag_s,
    round(max(lag_s), 1) as longest_lag_s
from charges
group by all
order by disobeyed desc, p95_lag_s desc nulls last, kind, product, firmware

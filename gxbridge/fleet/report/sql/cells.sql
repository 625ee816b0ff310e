-- title: Cell imbalance and its trend, by battery
-- about: Difference of the highest and the lowest cell, the median of each day. Drift: how fast it grows, where there are three days or more.
select site, device, any_value(product order by product) as product, max(firmware) as firmware, count(*) as days,
    arg_min(imbalance_mv, day) as first_mv, arg_max(imbalance_mv, day) as last_mv, max(imbalance_mv) as worst_mv,
    case when count(*) >= 3 then round(
        30 * (count(*) * sum(number * imbalance_mv) - sum(number) * sum(imbalance_mv))::double
        / nullif(count(*) * sum(number * number) - sum(number) * sum(number), 0)::double, 1) end as drift_mv_a_month
from cell_days
group by site, device
order by drift_mv_a_month desc nulls last, last_mv desc, site, device

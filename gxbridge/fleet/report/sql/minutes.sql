-- title: Minutes above what was told, by charger
-- about: From histories. Above: in all of the minute the charger made more than the most it was told in it, by 2 A and 5 % or more.
with minutes as (
    select site, kind, device, file, t, any_value(step_s) as step_s,
        max(most) filter (series = 'told_a') as told_a, max(least) filter (series = 'made_a') as made_a
    from history
    where series in ('told_a', 'made_a')
    group by site, kind, device, file, t
)
select site, kind, device,
    round(sum(step_s::decimal(18, 3)) / 60)::bigint as minutes,
    round(coalesce(sum(step_s::decimal(18, 3)) filter (made_a > told_a * 1.05 + 2), 0) / 60)::bigint as minutes_above,
    round(max(made_a - told_a) filter (made_a > told_a * 1.05 + 2), 1) as most_above_a
from minutes
where told_a is not null and made_a is not null
group by site, kind, device
order by minutes_above desc, site, kind, device

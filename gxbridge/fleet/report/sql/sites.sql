-- title: Boats that want a look
-- about: The most trouble first. Incidents are black boxes of a boat within ten minutes of each other; imbalance is the median of the last day.
with trouble as (
    select site, count(*) as incidents, sum(errors_67) as errors_67, arg_max(verdict, incident) as verdict
    from (
        select site, incident, max(errors_67) as errors_67, arg_max(verdict, (verdict <> 'unknown', t, file)) as verdict
        from incidents group by site, incident
    )
    group by site
), disobedience as (
    select site, count(*) filter (lasted_s >= 10) as disobeyed from charges group by site
), cells as (
    select site, max(mv) as imbalance_mv
    from (select site, device, arg_max(imbalance_mv, day) as mv from cell_days group by site, device) group by site
), wires as (
    select site, sum(coalesce(errors, 0) + coalesce(lost, 0) + coalesce(down, 0)) as bus_errors
    from bus_faults group by site
), alarms as (
    select site, count(distinct id) as alarms from begun where severity = 'alarm' group by site
)
select f.site,
    max(f.day) as last_seen,
    round(sum(f.seconds::decimal(18, 3)) / 3600, 1)::double as hours,
    coalesce(any_value(trouble.incidents), 0) as incidents,
    coalesce(any_value(trouble.errors_67), 0)::bigint as errors_67,
    any_value(trouble.verdict) as last_verdict,
    coalesce(any_value(alarms.alarms), 0) as alarms,
    coalesce(any_value(disobedience.disobeyed), 0) as disobeyed,
    any_value(cells.imbalance_mv) as imbalance_mv,
    coalesce(any_value(wires.bus_errors), 0)::bigint as bus_errors,
    count(*) filter (f.status = 'broken') as damaged_files
from files f
    left join trouble using (site) left join disobedience using (site) left join cells using (site)
    left join wires using (site) left join alarms using (site)
where f.status <> 'foreign'
group by f.site
order by incidents desc, disobeyed desc, alarms desc, bus_errors desc, imbalance_mv desc nulls last, f.site

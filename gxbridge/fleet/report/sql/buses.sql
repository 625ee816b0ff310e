-- title: Bus health
-- about: Errors, lost frames and times down come from black boxes; load and messages that did not come together from logs too. Silences: times that a battery fell silent.
with faults as (
    select site, bus, sum(errors) as errors, sum(lost) as lost, sum(down) as down from bus_faults group by site, bus
), silent as (
    select site, count(*) as silences from begun where id = 'bms-silent' group by site
)
select site, bus, count(*) as files,
    round(sum(seconds::decimal(18, 3)) / 3600, 1)::double as hours,
    round(max(load), 1) as load_percent, round(max(busiest), 1) as busiest_percent,
    any_value(faults.errors)::bigint as errors, any_value(faults.lost)::bigint as lost,
    any_value(faults.down)::bigint as down, sum(incomplete)::bigint as incomplete,
    any_value(silent.silences) as silences
from bus_files left join faults using (site, bus) left join silent using (site)
group by site, bus
order by down desc nulls last, errors desc nulls last, lost desc nulls last, silences desc nulls last, incomplete desc,
    site, bus

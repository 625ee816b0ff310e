-- What the questions ask: rows of files that were ingested whole, each content once, and what happened once although
-- several black boxes tell of it.
create view files as
    select *, case when begins >= 100000000 and begins < 4102444800
        then strftime(make_timestamp((begins * 1000000)::bigint), '%Y-%m-%d') else 'undated' end as day
    from entries;

create view kept as
    select * from files where status = 'ingested'
    qualify row_number() over (partition by content order by site, file) = 1;

create view copies as
    select * from files where status = 'ingested' and file not in (select file from kept);

create view batteries as select * from all_batteries semi join kept using (file);
create view box_files as select * from all_boxes semi join kept using (file);
create view bus_files as select * from all_buses semi join kept using (file);
create view history as select * from all_history semi join kept using (file);
create view unknown_files as select * from all_unknown semi join kept using (file);

-- What was recorded because something had gone wrong; boxes of a boat within ten minutes of each other are one incident.
create view incidents as
    select *, sum(new_incident::int) over (partition by site order by t, file) as incident
    from (
        select *, coalesce(t - lag(t) over (partition by site order by t, file) > interval 10 minute, true) as new_incident
        from box_files
        where cause not in ('command', 'first-control')
    );

-- What two boxes of a boat, or a box and a log, tell of the same moment happened once.
create view charges as
    select * from all_obedience semi join kept using (file)
    qualify coalesce(t - lag(t) over (partition by site, device order by t, lasted_s desc, file) > interval 2 second, true);

create view begun as
    select * from all_findings semi join kept using (file) where begins
    qualify coalesce(t - lag(t) over (partition by site, id, device order by t, file) > interval 30 second, true);

create view charge_limits as
    select * from (
        select *, lag(reason) over (partition by file order by t) as before
        from all_limits semi join kept using (file)
        where name = 'CCL'
    )
    where reason is distinct from before
    qualify coalesce(t - lag(t) over (partition by site, reason order by t, file) > interval 2 second, true);

-- Of the boxes of one incident the one with most.
create view bus_faults as
    select site, bus, incident, max(errors) as errors, max(lost) as lost, max(down) as down
    from bus_files join (select file, incident from incidents) using (file)
    group by site, bus, incident;

create view imbalances as
    select site, device, day, product, firmware, max_cell_voltage_v - min_cell_voltage_v as imbalance_v from batteries
    union all
    select site, device, day, null, null,
        max(mean) filter (series = 'max_cell_voltage_v') - max(mean) filter (series = 'min_cell_voltage_v')
    from history
    where series in ('max_cell_voltage_v', 'min_cell_voltage_v')
    group by site, device, day, file, t;

create view cell_days as
    select site, device, day, max(product) as product, max(firmware) as firmware,
        date_diff('day', date '2020-01-01', day::date) as number,
        quantile_disc(round(imbalance_v * 1000)::bigint, 0.5) as imbalance_mv
    from imbalances
    where day <> 'undated' and imbalance_v is not null
    group by site, device, day;

-- title: Overview
-- about:
select
    (select count(distinct site) from files where status <> 'foreign') as boats,
    (select count(*) from files where status <> 'foreign') as files,
    (select count(*) from kept where format = 'black box') as black_boxes,
    (select count(*) from kept where format not in ('black box', 'history')) as logs,
    (select count(*) from kept where format = 'history') as histories,
    (select count(*) from files where status = 'broken') as damaged,
    (select count(*) from copies) as copies,
    (select count(*) from files where status = 'foreign') as foreign_files,
    (select round(coalesce(sum(seconds::decimal(18, 3)), 0) / 3600, 1)::double from kept) as hours,
    (select coalesce(sum(frames), 0)::bigint from kept) as frames,
    (select count(*) from (select distinct site, device from batteries)) as batteries,
    (select min(day) from kept where day <> 'undated') as first_day,
    (select max(day) from kept where day <> 'undated') as last_day,
    (select count(*) from kept where day = 'undated') as undated

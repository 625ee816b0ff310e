-- title: Lag to obedience
-- about: How many times a device needed so long.
with steps as (
    select *, case when lag_s <= 1 then 1 when lag_s <= 3 then 2 when lag_s <= 10 then 3 when lag_s <= 30 then 4
        when lag_s <= 60 then 5 else 6 end as step
    from charges where lag_s is not null or lasted_s >= 10
)
select kind, ['up to 1 s', 'up to 3 s', 'up to 10 s', 'up to 30 s', 'up to 60 s', 'longer, or never'][step] as lag,
    count(*) as times
from steps
group by kind, step
order by kind, step

<?php
/**
 * What the module stands on under a bare PHP: its own classes by their names, and doubles that do things for real
 * (SQL in SQLite, HTTP by PHP's own streams).
 */
declare(strict_types=1);

namespace Comeback\Ground;

use Magento\Framework\App\Config\ScopeConfigInterface;
use Magento\Framework\DB\Adapter\AdapterInterface;
use Magento\Framework\DB\Select;
use Magento\Framework\Exception\NoSuchEntityException;
use Magento\Framework\HTTP\Client\Curl;

error_reporting(E_ALL);
set_error_handler(static function (int $level, string $words, string $file, int $line): bool {
    throw new \ErrorException($words, 0, $level, $file, $line);
});

require_once __DIR__ . '/standins.php';
const MODULE = __DIR__ . '/../../../../../adapters/magento/module';

spl_autoload_register(static function (string $class): void {
    if (strpos($class, 'Comeback\\Loyalty\\') === 0) {
        $path = MODULE . '/' . str_replace('\\', '/', substr($class, strlen('Comeback\\Loyalty\\'))) . '.php';
        is_file($path) && require_once $path;
    }
});

/** Settings by path, and by scope where a test cares. */
class Config implements ScopeConfigInterface
{
    public $values;

    public function __construct(array $values)
    {
        $this->values = $values;
    }

    public function getValue($path, $scopeType = 'default', $scopeCode = null)
    {
        if ($scopeCode === 404) {
            throw new NoSuchEntityException(__('The store that was requested was not found.'));
        }
        return $this->values["$scopeType $scopeCode $path"] ?? $this->values[$path] ?? null;
    }

    public function isSetFlag($path, $scopeType = 'default', $scopeCode = null)
    {
        return (bool)$this->getValue($path, $scopeType, $scopeCode);
    }
}

/** A clock that stands still until it is moved. */
class StandingClock extends \Comeback\Loyalty\Model\Clock
{
    public $at = 1795262400;

    public function now(): int
    {
        return $this->at;
    }
}

/** A query as Magento's select puts it together. */
class Query implements Select
{
    public $what;
    public $table;
    public $wheres = [];
    public $tail = '';

    public function from($table, $columns)
    {
        $this->table = $table;
        $this->what = implode(', ', (array)$columns);
        return $this;
    }

    public function where($condition, $value = null)
    {
        $value === null ? $this->wheres[] = $condition : $this->wheres[$condition] = $value;
        return $this;
    }

    public function order($by)
    {
        $this->tail .= " ORDER BY $by";
        return $this;
    }

    public function limit($most)
    {
        $this->tail .= " LIMIT $most";
        return $this;
    }
}

/** Magento's connection over SQLite: real rows, a real unique key. */
class Connection implements AdapterInterface
{
    public $pdo;

    /** Called after each read with the connection: what somebody else does in between. */
    public $meanwhile = null;

    public function __construct(string $table)
    {
        $this->pdo = new \PDO('sqlite::memory:', null, null, [\PDO::ATTR_ERRMODE => \PDO::ERRMODE_EXCEPTION]);
        $this->pdo->exec($table);
    }

    public function insertOnDuplicate($table, array $data, array $fields = [])
    {
        $names = implode(', ', array_keys($data));
        $marks = implode(', ', array_fill(0, count($data), '?'));
        $sets = implode(', ', array_map(static fn (string $name): string => "$name = excluded.$name", $fields));
        $sql = "INSERT INTO $table ($names) VALUES ($marks) ON CONFLICT (kind, entity_id, gone) DO UPDATE SET $sets";
        return $this->run($sql, array_values($data))->rowCount();
    }

    public function update($table, array $bind, $where = '')
    {
        $sets = implode(', ', array_map(static fn (string $name): string => "$name = ?", array_keys($bind)));
        [$sql, $values] = $this->wheres($where);
        return $this->run("UPDATE $table SET $sets$sql", array_merge(array_values($bind), $values))->rowCount();
    }

    public function delete($table, $where = '')
    {
        [$sql, $values] = $this->wheres($where);
        return $this->run("DELETE FROM $table$sql", $values)->rowCount();
    }

    public function select()
    {
        return new Query();
    }

    public function fetchAll($sql)
    {
        [$where, $values] = $this->wheres($sql->wheres);
        $rows = $this->run("SELECT {$sql->what} FROM {$sql->table}$where{$sql->tail}", $values)->fetchAll(\PDO::FETCH_ASSOC);
        if ($meanwhile = $this->meanwhile) {
            $this->meanwhile = null;
            $meanwhile($this);
        }
        // MySQL's driver hands numbers over as text.
        return array_map(static fn (array $row): array => array_map('strval', $row), $rows);
    }

    public function fetchCol($sql)
    {
        return array_map('current', $this->fetchAll($sql));
    }

    public function fetchOne($sql)
    {
        $rows = $this->fetchCol($sql);
        return $rows ? $rows[0] : false;
    }

    private function wheres($given): array
    {
        $sql = [];
        $values = [];
        foreach ((array)$given as $condition => $value) {
            if (is_int($condition)) {
                $sql[] = $value;
                continue;
            }
            $marks = implode(', ', array_fill(0, count((array)$value), '?'));
            $sql[] = str_replace('?', $marks, $condition);
            array_push($values, ...array_values((array)$value));
        }
        return [$sql ? ' WHERE (' . implode(') AND (', $sql) . ')' : '', $values];
    }

    private function run(string $sql, array $values): \PDOStatement
    {
        $statement = $this->pdo->prepare($sql);
        $statement->execute($values);
        return $statement;
    }
}

/** Magento's client over PHP's own streams: real HTTP, and what was asked of it. */
class StreamCurl extends Curl
{
    public $headers = [];
    public $options = [];
    public $seconds = 0;
    private $status = 0;
    private $answered = [];

    public function setTimeout($value)
    {
        $this->seconds = $value;
    }

    public function setOption($name, $value)
    {
        $this->options[$name] = $value;
    }

    public function addHeader($name, $value)
    {
        $this->headers[$name] = $value;
    }

    public function post($uri, $params)
    {
        $lines = [];
        foreach (array_filter($this->headers, 'strlen') as $name => $value) {
            $lines[] = "$name: $value";
        }
        $http = ['method' => 'POST', 'header' => $lines, 'content' => $params, 'timeout' => $this->seconds];
        $http += ['ignore_errors' => true, 'follow_location' => 0];
        file_get_contents($uri, false, stream_context_create(['http' => $http]));
        foreach ($http_response_header as $line) {
            if (preg_match('~^HTTP/\S+ (\d+)~', $line, $found)) {
                $this->status = (int)$found[1];
            } elseif (strpos($line, ': ')) {
                [$name, $value] = explode(': ', $line, 2);
                $this->answered[$name] = $value;
            }
        }
    }

    public function getStatus()
    {
        return $this->status;
    }

    public function getHeaders()
    {
        return $this->answered;
    }
}

/** The queue's table as SQLite spells it; a test compares its columns with etc/db_schema.xml. */
const TABLE = <<<'SQL'
CREATE TABLE shop_comeback_loyalty_queue (
    queue_id integer PRIMARY KEY AUTOINCREMENT, kind text NOT NULL, entity_id integer NOT NULL,
    gone integer NOT NULL DEFAULT 0, nonce text, tried_at integer, noted_at integer NOT NULL,
    UNIQUE (kind, entity_id, gone)
)
SQL;

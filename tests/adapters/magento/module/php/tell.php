<?php
/**
 * What a shop with the module does after a request: notes what changed and carries it to the address given.
 *
 * php tell.php '{"address": "...", "secret": "...", "noted": [["order", 42, false]], "test": false, "twice": false}'
 * With `twice` the answer to a message is lost on its way back, and the message is sent again a minute later.
 */
declare(strict_types=1);

namespace Comeback\Ground;

use Comeback\Loyalty\Model\Clock;
use Comeback\Loyalty\Model\Condition;
use Comeback\Loyalty\Model\Courier;
use Comeback\Loyalty\Model\Queue;
use Comeback\Loyalty\Model\Sender;
use Comeback\Loyalty\Model\Settings;
use Comeback\Loyalty\Model\Signature;
use Magento\Framework\App\ResourceConnection;
use Magento\Framework\FlagManager;
use Magento\Framework\HTTP\Client\CurlFactory;

require_once __DIR__ . '/ground.php';

class Silent implements \Psr\Log\LoggerInterface
{
    public function warning($message, array $context = [])
    {
    }

    public function error($message, array $context = [])
    {
    }
}

/** Loses the answer to the first message, as a line that breaks at the wrong moment does. */
class LossyCurl extends StreamCurl
{
    public static $lost = 0;

    public function post($uri, $params)
    {
        parent::post($uri, $params);
        if (self::$lost++ === 0) {
            throw new \RuntimeException('Connection reset by peer');
        }
    }
}

$told = json_decode($argv[1], true, 16, JSON_THROW_ON_ERROR);
$settings = new Settings(new Config([Settings::ADDRESS => $told['address'], Settings::SECRET => $told['secret']]));
$moved = new class extends Clock {
    public $by = 0;

    public function now(): int
    {
        return parent::now() + $this->by;
    }
};
$queue = new Queue(new ResourceConnection(new Connection(TABLE)), $moved);
$condition = new Condition(new FlagManager(), $moved);
$curl = empty($told['twice']) ? new StreamCurl() : new LossyCurl();
// Signed with the true time: what is moved is only the shop's patience.
$sender = new Sender(new CurlFactory($curl), $settings, new Signature(), new Clock());
$courier = new Courier($settings, $queue, $sender, $condition, $moved, new Silent());

foreach ($told['noted'] as [$kind, $id, $gone]) {
    $queue->note($kind, $id, $gone);
}
$arrived = empty($told['test']) ? $courier->deliver(50) : (int)$courier->test()->isTaken();
if (!empty($told['twice'])) {
    $moved->by = 61;
    $arrived += $courier->deliver(50);
}
echo json_encode([
    'arrived' => $arrived,
    'left' => $queue->length(),
    'refused' => $condition->isRefused(),
    'error' => $condition->error(),
]);

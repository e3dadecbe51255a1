<?php
/**
 * The queue over real SQL, and the courier over real HTTP: what Magento's own unit tests would have to pretend.
 */
declare(strict_types=1);

namespace Comeback\Ground;

use Comeback\Loyalty\Api\MessagesInterface;
use Comeback\Loyalty\Block\Adminhtml\System\Config\Standing;
use Comeback\Loyalty\Block\Adminhtml\System\Config\TestHint;
use Comeback\Loyalty\Controller\Adminhtml\Hint\Test;
use Comeback\Loyalty\Cron\Deliver;
use Comeback\Loyalty\Model\Answer;
use Comeback\Loyalty\Model\Condition;
use Comeback\Loyalty\Model\Config\Address;
use Comeback\Loyalty\Model\Config\AddressFactory;
use Comeback\Loyalty\Model\Courier;
use Comeback\Loyalty\Model\Message;
use Comeback\Loyalty\Model\Messages;
use Comeback\Loyalty\Model\Notice;
use Comeback\Loyalty\Model\Queue;
use Comeback\Loyalty\Model\Sender;
use Comeback\Loyalty\Model\Settings;
use Comeback\Loyalty\Model\Signature;
use Comeback\Loyalty\Observer\SettingsSaved;
use Magento\Framework\App\Config\ReinitableConfigInterface;
use Magento\Framework\App\Config\Storage\WriterInterface;
use Magento\Framework\App\ResourceConnection;
use Magento\Framework\Controller\Result\JsonFactory;
use Magento\Framework\Encryption\EncryptorInterface;
use Magento\Framework\Event;
use Magento\Framework\Event\Observer;
use Magento\Framework\Exception\LocalizedException;
use Magento\Framework\FlagManager;
use Magento\Framework\HTTP\Client\CurlFactory;
use PHPUnit\Framework\TestCase;
use Psr\Log\LoggerInterface;

class GroundedTest extends TestCase
{
    private const SET = [
        Settings::ENABLED => '1',
        Settings::ADDRESS => 'https://comeback.test/webhooks/magento/key',
        Settings::SECRET => 'a-secret-of-32-signs-for-the-test'
    ];

    private $clock;
    private $connection;
    private $queue;
    private $flags;
    private $condition;
    private $config;
    private $logger;

    /** @var Answer[] what the stub of a sender answers, first to last */
    private $answers = [];

    /** @var string[] the bodies that were sent */
    private $sent = [];

    private $nonces = [];

    protected function setUp(): void
    {
        $this->clock = new StandingClock();
        $this->connection = new Connection(TABLE);
        $this->queue = new Queue(new ResourceConnection($this->connection), $this->clock);
        $this->flags = new FlagManager();
        $this->condition = new Condition($this->flags, $this->clock);
        $this->config = new Config(self::SET);
        $this->logger = $this->createMock(LoggerInterface::class);
    }

    // ------------------------------------------------------------ the queue

    public function testTenSavesOfAnOrderAreOneRowAndOneNumber(): void
    {
        for ($save = 0; $save < 10; $save++) {
            $this->queue->note(Message::ORDER, 42, false);
        }
        $this->queue->note(Message::CUSTOMER, 42, false);
        $this->queue->note(Message::ORDER, 42, true);
        self::assertSame(3, $this->queue->length());
        self::assertSame(
            '{"v":1,"orders":[42],"customers":[42],"gone":{"orders":[42],"customers":[]},"test":false}',
            $this->queue->next(100)->body()
        );
    }

    public function testWhatIsSavedWhileItsMessageTravelsIsToldAgain(): void
    {
        $this->queue->note(Message::ORDER, 1, false);
        $this->queue->note(Message::ORDER, 2, false);
        $first = $this->queue->next(100);
        $this->queue->note(Message::ORDER, 2, false);
        $this->queue->done($first->nonce());
        self::assertSame(1, $this->queue->length());
        $second = $this->queue->next(100);
        self::assertStringContainsString('"orders":[2]', $second->body());
        self::assertNotSame($first->nonce(), $second->nonce());
    }

    public function testAMessageThatNobodyFinishedIsTakenUpAfterAMinuteWithTheSameNonce(): void
    {
        $this->queue->note(Message::ORDER, 1, false);
        $begun = $this->queue->next(100);
        $this->queue->note(Message::ORDER, 9, false);
        $this->clock->at += 59;
        $other = $this->queue->next(100);
        self::assertStringContainsString('"orders":[9]', $other->body());
        self::assertNull($this->queue->next(100), 'both travel');
        $this->clock->at += 1;
        $again = $this->queue->next(100);
        self::assertSame([$begun->nonce(), $begun->body()], [$again->nonce(), $again->body()]);
        self::assertNull($this->queue->next(100), 'and nobody else takes it up');
    }

    public function testTwoSendersNeverTakeTheSameRow(): void
    {
        $this->queue->note(Message::ORDER, 1, false);
        $other = new Queue(new ResourceConnection($this->connection), $this->clock);
        $theirs = null;
        $calls = 0;
        $reads = function () use ($other, &$theirs, &$calls, &$reads): void {
            // The second read of the first sender finds what waits; right then the other one takes it.
            $calls++ === 0 ? $this->connection->meanwhile = $reads : $theirs = $other->next(100);
        };
        $this->connection->meanwhile = $reads;
        $ours = $this->queue->next(100);
        self::assertNull($ours);
        self::assertStringContainsString('"orders":[1]', $theirs->body());
    }

    public function testTwoSendersNeverTakeUpTheSameUnfinishedMessage(): void
    {
        $this->queue->note(Message::ORDER, 1, false);
        $begun = $this->queue->next(100);
        $this->clock->at += 60;
        $other = new Queue(new ResourceConnection($this->connection), $this->clock);
        $theirs = null;
        // Right after the first sender has found it, the other one does.
        $this->connection->meanwhile = function () use ($other, &$theirs): void {
            $theirs = $other->next(100);
        };
        self::assertNull($this->queue->next(100));
        self::assertSame($begun->nonce(), $theirs->nonce());
    }

    public function testAMessageHasAHundredNumbersAtMost(): void
    {
        for ($order = 1; $order <= 250; $order++) {
            $this->queue->note(Message::ORDER, $order, false);
        }
        self::assertSame([100, 100, 50], $this->carried(3));
    }

    private function carried(int $messages): array
    {
        $counts = [];
        while ($messages-- > 0) {
            $message = $this->queue->next(Message::MOST);
            $counts[] = count(json_decode($message->body(), true)['orders']);
            $this->queue->done($message->nonce());
        }
        return $counts;
    }

    // ------------------------------------------------------------ the courier

    public function testAllThatWaitsIsCarriedMessageByMessage(): void
    {
        for ($order = 1; $order <= 150; $order++) {
            $this->queue->note(Message::ORDER, $order, false);
        }
        $this->answers = [new Answer(200), new Answer(202)];
        self::assertSame(2, $this->courier()->deliver(50));
        self::assertSame(0, $this->queue->length());
        self::assertCount(2, array_unique($this->nonces));
    }

    public function testTriesComeAfterOneFiveFifteenThirtyAndSixtyMinutesWithTheSameNonce(): void
    {
        $this->queue->note(Message::ORDER, 42, false);
        $start = $this->clock->at;
        $tried = [];
        for ($minute = 0; $minute < 240; $minute++) {
            $this->answers = [new Answer(503)];
            $this->sent = [];
            $this->courier()->deliver(50);
            $this->sent && $tried[] = intdiv($this->clock->at - $start, 60);
            $this->clock->at += 60;
        }
        self::assertSame([0, 1, 6, 21, 51, 111, 171, 231], $tried);
        self::assertCount(1, array_unique($this->nonces));
        self::assertSame(1, $this->queue->length());
    }

    public function testRetryAfterIsHonoured(): void
    {
        $this->queue->note(Message::ORDER, 42, false);
        $this->answers = [new Answer(429, 600), new Answer(200)];
        $courier = $this->courier();
        self::assertSame(0, $courier->deliver(50));
        $this->clock->at += 599;
        self::assertSame(0, $courier->deliver(50));
        $this->clock->at += 1;
        self::assertSame(1, $courier->deliver(50));
        self::assertTrue($this->condition->isGood());
    }

    public function testARefusalWaitsAnHourShowsItselfInTheAdminAndEndsWithNewSettings(): void
    {
        $this->queue->note(Message::ORDER, 42, false);
        $this->answers = [new Answer(401), new Answer(200)];
        $courier = $this->courier();
        $courier->deliver(50);
        $notice = new Notice($this->condition);
        self::assertTrue($notice->isDisplayed());
        self::assertStringContainsString('address and the secret', (string)$notice->getText());
        $this->clock->at += 3000;
        self::assertSame(0, $courier->deliver(50));
        (new SettingsSaved($this->condition))->execute(new Observer(new Event()));
        self::assertFalse($notice->isDisplayed());
        self::assertSame(1, $courier->deliver(50));
    }

    public function testAMessageThatIsNotUnderstoodIsNotSentAgain(): void
    {
        $this->queue->note(Message::ORDER, 42, false);
        $this->answers = [new Answer(400)];
        $this->courier()->deliver(50);
        self::assertSame(0, $this->queue->length());
    }

    public function testAtOnceIsNotTriedWhileTheLastTryFailed(): void
    {
        $this->queue->note(Message::ORDER, 42, false);
        $this->answers = [new Answer(0, 0, 'Connection timed out')];
        $courier = $this->courier();
        $courier->deliverAtOnce(50, 2);
        $this->queue->note(Message::ORDER, 43, false);
        $courier->deliverAtOnce(50, 2);
        self::assertCount(1, $this->sent);
        self::assertSame('Connection timed out', $this->condition->error());
    }

    public function testWithoutAnAddressOrASecretNothingIsSent(): void
    {
        $this->queue->note(Message::ORDER, 42, false);
        $this->config->values[Settings::SECRET] = '';
        $this->courier()->deliver(50);
        $this->courier()->deliverAtOnce(50, 2);
        self::assertSame([], $this->sent);
    }

    public function testAfterADayAChangeIsGivenUpAndTheLogSaysSo(): void
    {
        $this->queue->note(Message::ORDER, 42, false);
        $this->answers = [new Answer(503), new Answer(503)];
        $this->logger->expects(self::atLeastOnce())->method('warning');
        $cron = new Deliver($this->courier(), $this->queue, $this->logger);
        $cron->execute();
        $this->clock->at += 86400;
        $cron->execute();
        self::assertSame(1, $this->queue->length());
        $this->clock->at += 1;
        $cron->execute();
        self::assertSame(0, $this->queue->length());
    }

    private function courier(): Courier
    {
        $sender = $this->createMock(Sender::class);
        $sender->method('send')->willReturnCallback(function (Message $message): Answer {
            $this->sent[] = $message->body();
            $this->nonces[] = $message->nonce();
            return array_shift($this->answers);
        });
        $settings = new Settings($this->config);
        return new Courier($settings, $this->queue, $sender, $this->condition, $this->clock, $this->logger);
    }

    // ------------------------------------------------------------ the sender

    public function testALineFollowsNobodyAndEndsInTime(): void
    {
        $curl = new class extends StreamCurl {
            public static $last;

            public function post($uri, $params)
            {
                self::$last = $this;
                throw new \RuntimeException('SSL certificate problem');
            }
        };
        $sender = new Sender(new CurlFactory($curl), new Settings($this->config), new Signature(), $this->clock);
        $answer = $sender->send(new Message(str_repeat('a', 32)), 2);
        self::assertSame('SSL certificate problem', $answer->words());
        self::assertFalse($answer->isTaken() || $answer->isRefused() || $answer->isPointless());
        $used = $curl::$last;
        self::assertSame(2, $used->seconds);
        self::assertSame([false, 2], [$used->options[CURLOPT_FOLLOWLOCATION], $used->options[CURLOPT_CONNECTTIMEOUT]]);
        self::assertSame(['application/json', ''], [$used->headers['Content-Type'], $used->headers['Expect']]);
    }

    // ------------------------------------------------------------ settings and the admin

    public function testAWebsiteMayBeLeftOutAndAnOrderMayOutliveItsStore(): void
    {
        $this->config->values['store 2 ' . Settings::ENABLED] = '0';
        $settings = new Settings($this->config);
        self::assertSame(
            [true, false, true, true],
            [
                $settings->isOnForStore(1),
                $settings->isOnForStore(2),
                $settings->isOnForStore(404),
                $settings->isOnForWebsite(null)
            ]
        );
    }

    /**
     * @testWith ["https://comeback.test/webhooks/magento/key", true]
     *           ["https://comeback.test:8443/webhooks/magento/key?secret=x", true]
     *           [" https://comeback.test/w ", true]
     *           ["", true]
     *           ["http://comeback.test/webhooks/magento/key", false]
     *           ["https://comeback.test", false]
     *           ["https://me:pass@comeback.test/w", false]
     *           ["https://comeback.test/w w", false]
     *           ["javascript:alert(1)", false]
     *           ["https://comeback.test/w\nX-Other: 1", false]
     */
    public function testOnlyAWholeAddressWithHttpsIsSaved(string $typed, bool $taken): void
    {
        $value = new Address(['value' => $typed]);
        $taken || $this->expectException(LocalizedException::class);
        $value->beforeSave();
        self::assertSame(trim($typed), $value->getData('value'));
    }

    public function testTheButtonSaysWhatCameOfTheTest(): void
    {
        $said = [];
        foreach ([new Answer(200), new Answer(401), new Answer(0, 0, 'no route to host')] as $answer) {
            $this->answers = [$answer];
            $said[] = $this->pressed();
        }
        $this->config->values[Settings::ADDRESS] = '';
        $said[] = $this->pressed();
        self::assertSame(
            [
                'Comeback took the hint; its page of activity shows it.',
                'Comeback refuses it (HTTP 401): is the address whole, the secret the same on both sides, '
                . 'and the clock of this server right?',
                'Comeback did not take it: no route to host',
                'Save an address and a secret first.'
            ],
            $said
        );
        self::assertStringContainsString('"test":true', $this->sent[0]);
    }

    private function pressed(): string
    {
        $context = new \Magento\Backend\App\Action\Context();
        $button = new Test($context, new Settings($this->config), $this->courier(), new JsonFactory());
        return $button->execute()->said['words'];
    }

    public function testTheSettingsShowHowItStandsWithEveryWordEscaped(): void
    {
        $this->queue->note(Message::ORDER, 42, false);
        $this->condition->bad(new Answer(0, 0, '<b>odd</b>'));
        $context = new \Magento\Backend\Block\Template\Context();
        $element = new \Magento\Framework\Data\Form\Element\AbstractElement();
        self::assertSame(
            '1 changes wait. The last try failed: &lt;b&gt;odd&lt;/b&gt;',
            (new Standing($context, $this->queue, $this->condition))->render($element)
        );
        self::assertSame('https://shop.test/admin/comeback_loyalty/hint/test', (new TestHint($context))->address());
    }

    public function testEveryWordOfTheAccountPageIsEscaped(): void
    {
        $card = $this->createMock(\Comeback\Loyalty\ViewModel\Card::class);
        $card->method('isThere')->willReturn(true);
        $card->method('balance')->willReturn(1250);
        $card->method('tier')->willReturn('<script>alert(1)</script>');
        $block = new \Magento\Framework\DataObject(['card' => $card]);
        $escaper = new \Magento\Framework\Escaper();
        ob_start();
        include MODULE . '/view/frontend/templates/account/card.phtml';
        $page = ob_get_clean();
        self::assertStringContainsString('You have 1250 points to spend.', $page);
        self::assertStringContainsString('Your tier: &lt;script&gt;', $page);
        self::assertStringNotContainsString('<script', $page);
    }

    public function testTheModuleRegistersItself(): void
    {
        require_once MODULE . '/registration.php';
        $found = \Magento\Framework\Component\ComponentRegistrar::$registered['module']['Comeback_Loyalty'];
        self::assertSame(realpath(MODULE), realpath($found));
    }

    // ------------------------------------------------------------ set up by Comeback

    public function testComebackSetsAddressAndSecretAndWhatWasRefusedIsTriedAgain(): void
    {
        $kept = [];
        $this->condition->bad(new Answer(401, 0, 'no'));
        self::assertTrue($this->messages($kept)->set(' https://new.test/webhooks/magento/key?subscription=ab12 ', str_repeat('s', 32)));
        self::assertSame(
            [
                Settings::SECRET => 'sealed ' . str_repeat('s', 32),
                Settings::ADDRESS => 'https://new.test/webhooks/magento/key?subscription=ab12',
                'reinit' => '',
            ],
            $kept
        );
        self::assertTrue($this->condition->mayTry());
    }

    public function testComebackTakesAddressAndSecretAwayAgain(): void
    {
        $kept = [Settings::ADDRESS => 'https://old.test/key?subscription=ab12', Settings::SECRET => 'sealed'];
        $this->condition->bad(new Answer(401, 0, 'no'));
        self::assertTrue($this->messages($kept)->set(' ', ''));
        self::assertSame(['reinit' => ''], $kept);
        self::assertTrue($this->condition->mayTry());
    }

    /**
     * @dataProvider unsafe
     */
    public function testWhatCannotBeGoodIsKeptInNoPart(string $address, string $secret): void
    {
        $kept = [];
        try {
            $this->messages($kept)->set($address, $secret);
            self::fail('it was taken');
        } catch (LocalizedException $refused) {
            self::assertSame([], $kept);
        }
    }

    public function unsafe(): array
    {
        $good = str_repeat('s', 32);
        return [
            ['http://new.test/webhooks/magento/key', $good],
            ['https://user:word@new.test/webhooks/magento/key', $good],
            ['https://new.test/webhooks/magento/key', ' '],
            ['https://new.test/webhooks/magento/key', str_repeat('s', 15)],
        ];
    }

    public function testTheAddressIsShownAndNothingElse(): void
    {
        $kept = [];
        self::assertSame(self::SET[Settings::ADDRESS], $this->messages($kept)->address());
        $shown = array_map(
            static fn (\ReflectionMethod $method): string => $method->getName(),
            (new \ReflectionClass(MessagesInterface::class))->getMethods()
        );
        self::assertSame(['address', 'set'], $shown);
    }

    private function messages(array &$kept): Messages
    {
        $writer = $this->createMock(WriterInterface::class);
        $writer->method('save')->willReturnCallback(
            static function (string $path, string $value) use (&$kept): void {
                $kept[$path] = $value;
            }
        );
        $writer->method('delete')->willReturnCallback(
            static function (string $path) use (&$kept): void {
                unset($kept[$path]);
            }
        );
        $encryptor = $this->createMock(EncryptorInterface::class);
        $encryptor->method('encrypt')->willReturnCallback(static fn (string $word): string => "sealed $word");
        $config = $this->createMock(ReinitableConfigInterface::class);
        $config->method('reinit')->willReturnCallback(
            static function () use (&$kept): void {
                $kept['reinit'] = '';
            }
        );
        return new Messages(
            new Settings($this->config),
            new AddressFactory(),
            $writer,
            $encryptor,
            $config,
            $this->condition
        );
    }
}
